/** The body of a request on the agent listener: read lazily, bounded in size, memory and slowness (rule S9). */
import type { Readable } from 'node:stream'
import { Denial } from '../../core/denial/denial.ts'
import { trailersRefused, type IncomingBody, type Reply, type Request } from '../../core/http/message.ts'
import type { MaybePromise } from '../../core/maybe-promise.ts'
import type { BufferBudget } from '../../core/buffer-budget.ts'
import { PaceGuard } from './body-pace-guard.ts'
import { connectionOf, isHttp2 } from './connection-of.ts'
import { HeldBody } from './held-body.ts'
import type { BodyLimits } from '../../core/http/body-limits.ts'

const EMPTY = Buffer.alloc(0)

/** How much of a body that nobody wants is read away, and for how long. */
const DISCARDED_BODY_BYTES = 16 * 1024 * 1024
const DISCARD_MS = 10_000

/** Whether a body follows whose length the head does not say. */
function hasUnknownLength(request: Request): boolean {
  return isHttp2(request)
    ? !request.stream.endAfterHeaders
    : request.headers['transfer-encoding'] !== undefined
}

export class MessageBody implements IncomingBody {
  readonly present: boolean
  readonly lengthBytes: number | undefined
  readonly #request: Request
  readonly #reply: Reply
  readonly #limits: BodyLimits
  readonly #budget: BufferBudget
  #expectsContinue: boolean
  #read: MaybePromise<Buffer> | undefined
  #held: HeldBody | undefined

  constructor(
    request: Request,
    reply: Reply,
    expectsContinue: boolean,
    limits: BodyLimits,
    budget: BufferBudget,
  ) {
    const declared = request.headers['content-length']
    this.lengthBytes = declared === undefined ? undefined : Number(declared)
    this.present =
      (this.lengthBytes ?? 0) > 0 || (this.lengthBytes === undefined && hasUnknownLength(request))
    this.#request = request
    this.#reply = reply
    this.#expectsContinue = expectsContinue
    this.#limits = limits
    this.#budget = budget
  }

  bytes(agent?: string): MaybePromise<Buffer> {
    if (!this.present) return EMPTY
    this.#held ??= new HeldBody(connectionOf(this.#request), this.#budget)
    if (agent !== undefined) {
      // What was held for a client that left is given back already.
      if (this.#reply.closed) throw clientGone()
      this.#held.chargeTo(agent)
    }
    return (this.#read ??= this.#readAll(this.#held))
  }

  get isPending(): boolean {
    return this.present && !this.#request.complete
  }

  discard(done: () => void): void {
    const request = this.#request
    // Who was never told to go on sends nothing, and from a body given up in the middle nothing more is heard.
    if (this.#expectsContinue || request.destroyed) return done()
    let discarded = 0
    const end = (): void => {
      clearTimeout(timer)
      request.off('data', count).off('end', end).off('close', end)
      done()
    }
    const count = (chunk: Buffer): void => {
      discarded += chunk.length
      if (discarded > DISCARDED_BODY_BYTES) end()
    }
    const timer = setTimeout(end, DISCARD_MS).unref()
    request
      .on('data', count)
      .once('end', end)
      .once('close', end)
      .on('error', () => undefined)
    request.resume()
  }

  stream(): Readable {
    this.#answerContinue()
    const guard = new PaceGuard(this.#request, this.#limits, (denial) => this.#request.destroy(denial))
    this.#request.once('close', () => guard.stop())
    return this.#request
  }

  /** Sent by us, after the head's checks; never relayed (RFC 9110 10.1.1). */
  #answerContinue(): void {
    if (!this.#expectsContinue) return
    this.#expectsContinue = false
    this.#reply.writeContinue()
  }

  /**
   * Most bodies come in one packet with their head: those are there by the end of this turn of the event loop, and
   * there is nothing to wait for or to listen to.
   */
  async #readAll(held: HeldBody): Promise<Buffer> {
    const limit = this.#limits.bufferedBodyBytes
    if ((this.lengthBytes ?? 0) > limit) throw tooLarge(limit)
    this.#answerContinue()
    // It comes once; `once` would wrap the listener in another.
    this.#reply.on('close', () => held.giveBack())
    await endOfTurn()
    const request = this.#request
    // Who has left by now says nothing more, not even that: a stream of HTTP/2 is closed, though not destroyed.
    if (request.destroyed || this.#reply.closed) throw clientGone()
    const isThere = !isHttp2(request) && request.complete
    const bytes = isThere ? this.#takeAll(held, limit) : await this.#receiveAll(held, limit)
    this.#read = bytes
    return bytes
  }

  #takeAll(held: HeldBody, limit: number): Buffer {
    const { readableLength, rawTrailers } = this.#request
    this.#hold(held, readableLength, limit)
    if (rawTrailers.length > 0) throw trailersRefused()
    // Without a number it would be the first piece alone.
    return (this.#request.read(readableLength) as Buffer | null) ?? EMPTY
  }

  /** Pays for further bytes, or refuses them. */
  #hold(held: HeldBody, bytes: number, limit: number): void {
    if (held.heldBytes + bytes > limit) throw tooLarge(limit)
    if (this.#reply.closed) throw clientGone()
    held.take(bytes)
  }

  #receiveAll(held: HeldBody, limit: number): Promise<Buffer> {
    const request = this.#request
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = []
      const guard = new PaceGuard(request, this.#limits, fail)
      let isSettled = false
      function fail(denial: Denial): void {
        isSettled = true
        guard.stop()
        request.off('data', onData)
        held.settled()
        chunks.length = 0
        reject(denial)
      }
      held.unfinished(fail)
      const onData = (chunk: Buffer): void => {
        try {
          this.#hold(held, chunk.length, limit)
        } catch (refusal) {
          return fail(refusal as Denial)
        }
        chunks.push(chunk)
      }
      request.on('data', onData)
      const left = (cause?: unknown): void => fail(clientGone(cause))
      request.on('error', left)
      // An HTTP/2 stream that its client resets closes without an error.
      request.on('close', () => {
        // Every request closes in the end; an error, and its stack, are made for one that was not read whole.
        if (!isSettled) left()
      })
      request.on('end', () => {
        isSettled = true
        guard.stop()
        held.settled()
        if (request.rawTrailers.length > 0) return fail(trailersRefused())
        resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, held.heldBytes))
      })
    })
  }
}

let turn: Promise<void> | undefined

/** Of the event loop; one for all who wait for it, which then go on one right after the other. */
function endOfTurn(): Promise<void> {
  turn ??= new Promise((resolve) => {
    setImmediate(() => {
      turn = undefined
      resolve()
    })
  })
  return turn
}

function clientGone(cause?: unknown): Denial {
  return new Denial('client_gone', 'The client left before its body was whole.', { cause })
}

function tooLarge(limit: number): Denial {
  return new Denial('body_too_large', `The body of this call may have at most ${limit} bytes here.`)
}
