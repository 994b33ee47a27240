/** The body of a streamed request, checked as it passes: a mismatch fails it before its end (rule S9). */
import { PassThrough, pipeline, type Readable, type Transform } from 'node:stream'
import type { Resigned } from '../exchange.ts'
import { unsignedTrailerCheck } from '../sigv4/chunked.ts'
import { payloadHashCheck } from '../sigv4/payload-hash.ts'
import { signedChunks } from '../sigv4/signed-chunks.ts'
import { type BufferBudget, trailersRefused } from './receive-body.ts'

export interface BodyChecks {
  /** Whose memory the held chunks of an agent's body take. */
  readonly budget: BufferBudget
  /** The largest signed chunk. */
  readonly chunkBytes: number
}

/** The client's bytes, unchanged, through the check that its signature asks for. An error ends the upstream request. */
export function checkedStream(exchange: Resigned, checks: BodyChecks): Readable {
  const source = exchange.body.stream()
  const check = checkOf(exchange, checks)
  source.once('end', () => {
    const { rawTrailers } = source as Readable & { readonly rawTrailers?: readonly string[] }
    if ((rawTrailers?.length ?? 0) > 0) check.destroy(trailersRefused())
  })
  // The upstream side reports the error: undici sees it on the stream that it reads.
  pipeline(source, check, () => undefined)
  return check
}

function checkOf({ agent, payload, bodySignatures, signed }: Resigned, checks: BodyChecks): Transform {
  if (payload.kind === 'unsigned-trailer')
    return unsignedTrailerCheck(payload.decodedLengthBytes, payload.trailers)
  if (payload.kind === 'declared') return payloadHashCheck(payload.sha256)
  if (payload.kind === 'signed-chunks' && bodySignatures !== undefined && signed.bodySigner !== undefined) {
    const hold = holdOf(agent.id, checks.budget)
    const check = signedChunks({
      verify: bodySignatures,
      sign: signed.bodySigner,
      decodedLengthBytes: payload.decodedLengthBytes,
      trailers: payload.trailers,
      maxChunkBytes: checks.chunkBytes,
      hold,
    })
    return check.once('close', () => hold.giveBack(hold.heldBytes))
  }
  if (payload.kind !== 'unsigned') throw new Error(`a streamed body of the form ${payload.kind} has no check`)
  return new PassThrough()
}

/** One body's share of its agent's memory. */
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
