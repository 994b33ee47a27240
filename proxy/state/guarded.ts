/**
 * Guards a store for the stages: where it fails, a call is refused with a denial, and it is known whether it answers.
 */
import { Denial } from '../core/denial/denial.ts'
import type { StateStore } from './store.ts'

export interface GuardedStore extends StateStore {
  /** Whether it answered when it was asked last; the ledger asks several times a second. */
  readonly up: boolean
}

/** Guards a store. `turned` is called whenever it stops or begins to answer. */
export function guarded(
  store: StateStore,
  turned: (state: { readonly up: boolean; readonly error?: unknown }) => void,
): GuardedStore {
  let up = true
  const answered = <Result>(result: Result): Result => {
    if (!up) turned({ up: (up = true) })
    return result
  }
  const failed = (error: unknown): void => {
    if (up) turned({ up: (up = false), error })
  }
  const refused = (cause: unknown): never => {
    failed(cause)
    throw new Denial('state_unavailable', 'The call could not be counted, so it is not made.', { cause })
  }
  /** At once where the store answers at once. */
  const asked = <Result>(ask: () => Result | Promise<Result>): Result | Promise<Result> => {
    try {
      const result = ask()
      return result instanceof Promise ? result.then(answered, refused) : answered(result)
    } catch (error) {
      return refused(error)
    }
  }
  const heard = <Result>(promise: Promise<Result>): Promise<Result> =>
    promise.then(answered, (error: unknown) => {
      failed(error)
      throw error
    })
  const { limiter, replays, ledger } = store
  return {
    name: store.name,
    get up() {
      return up
    },
    limiter: {
      take: (charges, nowMs, reserveWithinMs) => asked(() => limiter.take(charges, nowMs, reserveWithinMs)),
      peek: (keys) => asked(() => limiter.peek(keys)),
    },
    replays: {
      has: (call, nowMs) => {
        try {
          return replays.has(call, nowMs)
        } catch (error) {
          return refused(error)
        }
      },
      claim: (call, nowMs) => asked(() => replays.claim(call, nowMs)),
    },
    ledger: {
      write: (entry, expected) => heard(ledger.write(entry, expected)),
      since: (revision) => heard(ledger.since(revision)),
    },
    close: () => store.close(),
  }
}
