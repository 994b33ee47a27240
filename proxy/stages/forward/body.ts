/** Checks the body of a streamed request as it passes: a mismatch fails the request before its body ends (rule S9). */
import { finished, PassThrough, type Readable, type Transform } from 'node:stream'
import type { Resigned } from '../../exchange/exchange.ts'
import { unsignedTrailerCheck } from '../../sigv4/chunked.ts'
import { payloadHashCheck } from '../../sigv4/payload-hash.ts'
import { signedEvents } from '../../sigv4/event-stream.ts'
import { countPassed } from './stream-memory.ts'
import type { BodyHold } from '../../sigv4/body-hold.ts'
import { signedChunks } from '../../sigv4/signed-chunks.ts'
import type { BufferBudget } from '../../core/buffer-budget.ts'
import { trailersRefused } from '../../core/http/message.ts'

/** Configures the checks of streamed bodies. */
export interface BodyChecks {
  /** The memory budget that the held chunks of an agent's body count against. */
  readonly budget: BufferBudget
  /** Returns the largest size of a signed chunk or event. */
  readonly chunkBytes: () => number
  /** Returns how far the date of an event may be off. */
  readonly maxSkewMsOf: (service: string) => number
  readonly nowMs: () => number
}

/**
 * Returns the client's bytes, passed through the check that its signature needs. An error ends the upstream request. If
 * the check ends early, the rest of the client's bytes stays unread.
 */
export function checkedStream(exchange: Resigned, checks: BodyChecks): Readable {
  const source = exchange.body.stream()
  const check = checkOf(exchange, checks)
  source.once('end', () => {
    const { rawTrailers } = source as Readable & { readonly rawTrailers?: readonly string[] }
    if ((rawTrailers?.length ?? 0) > 0) check.destroy(trailersRefused())
  })
  source.on('data', countPassed)
  // The upstream side reports the error: undici sees it on the stream that it reads.
  finished(source, { writable: false }, (error) => error && check.destroy(error))
  // Not `pipeline`: it would destroy the source with the check. Somebody must still read it, or its client would hang.
  check.on('error', () => undefined).once('close', () => source.unpipe(check))
  source.pipe(check)
  return check
}

function checkOf(exchange: Resigned, checks: BodyChecks): Transform {
  const { payload } = exchange
  if (payload.kind === 'unsigned-trailer')
    return unsignedTrailerCheck(payload.decodedLengthBytes, payload.trailers)
  if (payload.kind === 'declared') return payloadHashCheck(payload.sha256)
  if (payload.kind === 'unsigned') return new PassThrough()
  const hold = holdOf(exchange.agent.id, checks.budget)
  return signedBody(exchange, checks, hold).once('close', () => hold.giveBack(hold.heldBytes))
}

/** Verifies the signatures within a body and replaces them by our own. */
function signedBody(exchange: Resigned, checks: BodyChecks, hold: BodyHold): Transform {
  const { payload, bodySignatures: verify, signed, authorization } = exchange
  const { bodySigner: sign } = signed
  if (verify === undefined || sign === undefined) throw new Error('a signed body without its chains')
  if (payload.kind === 'signed-chunks' && 'chunks' in verify && 'chunks' in sign) {
    const { decodedLengthBytes, trailers } = payload
    const maxChunkBytes = checks.chunkBytes()
    const chains = { verify: verify.chunks, sign: sign.chunks }
    return signedChunks({ ...chains, decodedLengthBytes, trailers, maxChunkBytes, hold })
  }
  if (payload.kind === 'signed-events' && 'events' in verify && 'events' in sign) {
    return signedEvents({
      verify: verify.events,
      sign: sign.events,
      maxFrameBytes: checks.chunkBytes(),
      maxSkewMs: checks.maxSkewMsOf(authorization.scope.service),
      nowMs: checks.nowMs,
      hold,
    })
  }
  throw new Error(`a streamed body of the form ${payload.kind} has no check`)
}

/** Returns one body's share of its agent's memory budget. */
function holdOf(agentId: string, budget: BufferBudget) {
  return {
    heldBytes: 0,
    take(bytes: number): boolean {
      const taken = budget.take(agentId, bytes)
      if (taken) this.heldBytes += bytes
      return taken
    },
    giveBack(bytes: number): void {
      budget.giveBack(agentId, bytes)
      this.heldBytes -= bytes
    },
  }
}
