/** Reads the body of a request on the agent listener: lazily, bounded in size, memory and slowness (rule S9). */
import type { Readable } from 'node:stream'
import { Denial } from '../../core/denial/denial.ts'
import { trailersRefused, type IncomingBody, type Reply, type Request } from '../../core/http/message.ts'
import type { MaybePromise } from '../../core/maybe-promise.ts'
import type { BufferBudget } from '../../core/buffer-budget.ts'
import { closerOf, readOnUntil } from './abandoned-bodies.ts'
import { PaceGuard } from './body-pace-guard.ts'
import { connectionOf, isHttp2 } from './connection-of.ts'
import { HeldBody } from './held-body.ts'
import type { BodyLimits } from '../../core/http/body-limits.ts'

const EMPTY = Buffer.alloc(0)

/** Bounds the bytes of an unwanted body that are read and thrown away, and the time for it. */
const DISCARDED_BODY_BYTES = 16 * 1024 * 1024
/** More, of a call that the service has answered: its agent is verified, and the service might have read all of it. */
const ABANDONED_BODY_BYTES = 64 * 1024 * 1024
const DISCARD_MS = 10_000

/** Tells whether a body follows whose length the head does not declare. */
function hasUnknownLength(request: Request): boolean {
  return isHttp2(request)
    ? !request.stream.endAfterHeaders
    : request.headers['transfer-encoding'] !== undefined
}

/** Reads the body of one request. Denials: `body_too_large`, `body_too_slow`, `overloaded`, `client_gone`. */
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
    this.#readOn(DISCARDED_BODY_BYTES, done)
  }

  abandon(): void {
    const request = this.#request
    if (!this.isPending || request.destroyed) return
    request.unpipe()
    const close = closerOf(request)
    const over = readOnUntil(() => close(false))
    this.#readOn(ABANDONED_BODY_BYTES, () => {
      over()
      close(request.complete)
    })
  }

  /** Reads and throws away, until the body ends, or there were too many bytes or too little time. */
  #readOn(mostBytes: number, done: () => void): void {
    const request = this.#request
    // A client that waits for 100-continue sends nothing, and a destroyed request delivers nothing more.
    if (this.#expectsContinue || request.destroyed) return done()
    let discarded = 0
    const end = (): void => {
      clearTimeout(timer)
      request.off('data', count).off('end', end).off('close', end)
      done()
    }
    const count = (chunk: Buffer): void => {
      discarded += chunk.length
      if (discarded > mostBytes) end()
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

  /** Sends 100-continue after the head's checks; it is never relayed (RFC 9110 10.1.1). */
  #answerContinue(): void {
    if (!this.#expectsContinue) return
    this.#expectsContinue = false
    this.#reply.writeContinue()
  }

  /**
   * Reads the whole body. Most bodies come in one packet with their head: they are there by the end of this turn of the
   * event loop, without a listener.
   */
  async #readAll(held: HeldBody): Promise<Buffer> {
    const limit = this.#limits.bufferedBodyBytes
    if ((this.lengthBytes ?? 0) > limit) throw tooLarge(limit)
    this.#answerContinue()
    // 'close' comes once; `once` would wrap the listener in another one.
    this.#reply.on('close', () => held.giveBack())
    await endOfTurn()
    const request = this.#request
    // A client that has left by now causes no further event: its HTTP/2 stream is closed, though not destroyed.
    if (request.destroyed || this.#reply.closed) throw clientGone()
    const hasArrived = !isHttp2(request) && request.complete
    const bytes = hasArrived ? this.#takeAll(held, limit) : await this.#receiveAll(held, limit)
    this.#read = bytes
    return bytes
  }

  #takeAll(held: HeldBody, limit: number): Buffer {
    const { readableLength, rawTrailers } = this.#request
    this.#hold(held, readableLength, limit)
    if (rawTrailers.length > 0) throw trailersRefused()
    // Without a length, `read` would return only the first piece.
    return (this.#request.read(readableLength) as Buffer | null) ?? EMPTY
  }

  /** Charges further bytes to the budget, or refuses them. */
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
        // Every request closes in the end. An error costs a stack trace, so only a body that was not read whole gets one.
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

/** Resolves at the end of this turn of the event loop. All who wait share one promise, and go on one after another. */
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
  return new Denial('client_gone', 'The client closed its connection before its whole body came.', { cause })
}

function tooLarge(limit: number): Denial {
  return new Denial('body_too_large', `The body of this call may have at most ${limit} bytes here.`)
}
