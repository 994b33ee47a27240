/** One place in a lane, and the call that stands there. */
import type { BucketCharge, Turn } from './limiter.ts'
import type { QueueOutcome, QueueRequest } from './queue-outcome.ts'
import type { Claim } from './shared-bucket-queues.ts'

/** A held call may go this much after its `maxWait`: timers fire late, and what those ahead slip adds up. */
export const SLIP_MS = 1_000

export class Waiter implements Claim {
  readonly advance: () => void
  readonly identity: string | undefined
  /** The limiter's answer, if it was asked on arrival. */
  firstTurn: Turn | Promise<Turn> | undefined
  /** `kept`: its client left, and the place is kept for the call to come again. */
  place: 'new' | 'behind' | 'first' | 'kept' | 'left' = 'new'
  /** When to look at it again, if nothing ahead of it changes. */
  wakeAtMs = 0
  #request: QueueRequest
  #arrivedAtMs = 0
  #resolve: (passage: QueueOutcome) => void = () => {}
  #reject: (error: unknown) => void = () => {}
  #release: () => void = () => {}

  constructor(request: QueueRequest, advance: () => void) {
    this.#request = request
    this.advance = advance
    this.identity = request.identity()
  }

  get request(): QueueRequest {
    return this.#request
  }

  get arrivedAtMs(): number {
    return this.#arrivedAtMs
  }

  get charges(): readonly BucketCharge[] {
    return this.#request.shared
  }

  /** Nobody stands here who could go. */
  get isAbsent(): boolean {
    return this.place === 'kept' || this.place === 'left'
  }

  /** When its call will have waited for as long as it may. */
  get lastMs(): number {
    return this.#arrivedAtMs + this.#request.maxWaitMs
  }

  /** Whether the call is charged in the very buckets of the one that stands here. */
  hasBucketsOf({ charges }: QueueRequest): boolean {
    const own = this.#request.charges
    return own.length === charges.length && own.every(({ key }, index) => key === charges[index]?.key)
  }

  /** The call stands here now; who stood here before has left already, or is told that it was replaced. */
  occupy(request: QueueRequest, arrivedAtMs: number, onGone: () => void): Promise<QueueOutcome> {
    this.settle({ kind: 'replaced' })
    const { promise, resolve, reject } = Promise.withResolvers<QueueOutcome>()
    this.#request = request
    this.#arrivedAtMs = arrivedAtMs
    this.#resolve = resolve
    this.#reject = reject
    request.gone.addEventListener('abort', onGone)
    this.#release = () => request.gone.removeEventListener('abort', onGone)
    return promise
  }

  settle(passage: QueueOutcome): void {
    this.#release()
    this.#resolve(passage)
  }

  fail(error: unknown): void {
    this.#release()
    this.#reject(error)
  }
}
