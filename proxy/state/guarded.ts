/**
 * Guards a store for the stages: where it fails, a call is refused with a denial, and it is known whether it answers.
 */
import { Denial } from '../core/denial/denial.ts'
import type { MaybePromise } from '../core/maybe-promise.ts'
import type { StateStore } from './store.ts'
import { UnfitStore } from './store-failure.ts'

export interface GuardedStore extends StateStore {
  /** Whether it answered when it was asked last; the ledger asks several times a second. */
  readonly up: boolean
  /** Says why it must not be used, although it is there; undefined: it may, or it does not answer at all. */
  readonly unfit: string | undefined
}

type Turned = (state: { readonly up: boolean; readonly error?: unknown }) => void

/** Guards a store. `turned` is called whenever it stops or begins to answer. */
export function guarded(store: StateStore, turned: Turned): GuardedStore {
  const guard = new Guard(turned)
  const { limiter, replays, ledger, notes } = store
  return {
    name: store.name,
    isNew: store.isNew,
    get up() {
      return guard.up
    },
    get unfit() {
      return guard.unfit
    },
    limiter: {
      take: (charges, nowMs, reserveWithinMs) =>
        guard.ask(() => limiter.take(charges, nowMs, reserveWithinMs)),
      peek: (keys, as) => guard.ask(() => limiter.peek(keys, as)),
      live: (nowMs, most) => guard.ask(() => limiter.live(nowMs, most)),
      emptiest: (nowMs) => guard.ask(() => limiter.emptiest(nowMs)),
    },
    replays: {
      has: (call, nowMs) => guard.askNow(() => replays.has(call, nowMs)),
      claim: (call, nowMs) => guard.ask(() => replays.claim(call, nowMs)),
      release: (call, nowMs) => guard.ask(() => replays.release(call, nowMs)),
    },
    ledger: {
      write: (change) => guard.hear(ledger.write(change)),
      since: (seen) => guard.hear(ledger.since(seen)),
    },
    notes: {
      get: (name) => guard.hear(notes.get(name)),
      set: (name, text) => guard.hear(notes.set(name, text)),
    },
    close: () => store.close(),
  }
}

/** Knows whether the store answers, from each answer. */
class Guard {
  up = true
  unfit: string | undefined
  readonly #turned: Turned

  constructor(turned: Turned) {
    this.#turned = turned
  }

  /** Asks on behalf of a call: at once where the store answers at once. Denial `state_unavailable`. */
  ask<Result>(ask: () => MaybePromise<Result>): MaybePromise<Result> {
    const result = this.#try(ask)
    return result instanceof Promise
      ? result.then(
          (each) => this.#answered(each),
          (error: unknown) => this.#refuse(error),
        )
      : this.#answered(result)
  }

  /** Asks what may be in memory, which says nothing of the store unless it fails. Denial `state_unavailable`. */
  askNow<Result>(ask: () => MaybePromise<Result>): MaybePromise<Result> {
    const result = this.#try(ask)
    return result instanceof Promise ? this.ask(() => result) : result
  }

  /** Notes how a promise of the store ends, and leaves its failure as it is. */
  hear<Result>(promise: Promise<Result>): Promise<Result> {
    return promise.then(
      (each) => this.#answered(each),
      (error: unknown) => {
        this.#failed(error)
        throw error
      },
    )
  }

  #try<Result>(ask: () => Result): Result {
    try {
      return ask()
    } catch (error) {
      return this.#refuse(error)
    }
  }

  #answered<Result>(result: Result): Result {
    this.unfit = undefined
    if (!this.up) this.#turned({ up: (this.up = true) })
    return result
  }

  #failed(error: unknown): void {
    this.unfit = error instanceof UnfitStore ? error.message : undefined
    if (this.up) this.#turned({ up: (this.up = false), error })
  }

  #refuse(cause: unknown): never {
    this.#failed(cause)
    throw new Denial('state_unavailable', 'The call could not be counted, so it is not made.', { cause })
  }
}
