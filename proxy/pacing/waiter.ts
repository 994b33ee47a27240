/** Implements one place in an agent's queue, and the call that has it. */
import type { BucketCharge, Turn } from './limiter.ts'
import type { QueueOutcome, QueueRequest } from './queue-outcome.ts'
import type { Claim } from './shared-bucket-queues.ts'

/** A held call may go this much after its `maxWait`: timers fire late, and the delays of those ahead add up. */
export const SLIP_MS = 1_000

/** A Waiter is a place in a queue; a repeated call can take it over. */
export class Waiter implements Claim {
  readonly advance: () => void
  readonly identity: string | undefined
  /** The limiter's answer, if it was asked on arrival. */
  firstTurn: Turn | Promise<Turn> | undefined
  /** `kept`: its client left, and the place is kept in case the call comes again. */
  place: 'new' | 'behind' | 'first' | 'kept' | 'left' = 'new'
  /** The time to check it again, if nothing ahead of it changes. */
  wakeAtMs = 0
  /** The index of the charge for which it waits; undefined until that is known. */
  #limiting: number | undefined
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

  /** Tells whether no call is here that could go. */
  get isAbsent(): boolean {
    return this.place === 'kept' || this.place === 'left'
  }

  /** Returns the time at which the call has waited for as long as it may. */
  get lastMs(): number {
    return this.#arrivedAtMs + this.#request.maxWaitMs
  }

  /** Tells whether the call is charged in exactly the buckets of the call that is here. */
  hasBucketsOf({ charges }: QueueRequest): boolean {
    const own = this.#request.charges
    return own.length === charges.length && own.every(({ key }, index) => key === charges[index]?.key)
  }

  /** Gives the place to a call; the call that had it has left already, or leaves as `replaced`. */
  occupy(request: QueueRequest, arrivedAtMs: number, onGone: () => void): Promise<QueueOutcome> {
    this.settle({ kind: 'replaced' })
    const { promise, resolve, reject } = Promise.withResolvers<QueueOutcome>()
    this.#request = request
    this.#arrivedAtMs = arrivedAtMs
    this.#resolve = resolve
    this.#reject = reject
    request.gone.addEventListener('abort', onGone)
    this.#release = () => request.gone.removeEventListener('abort', onGone)
    if (this.#limiting !== undefined) request.held?.(this.#limiting)
    return promise
  }

  /** Notes for which of its charges the call waits. */
  waitFor(limiting: number): void {
    if (this.#limiting === limiting) return
    this.#limiting = limiting
    this.#request.held?.(limiting)
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
