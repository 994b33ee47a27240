/** Reports failures of the state store to operators, in the same way on all routes. */
import { StoreFailure } from '../state/store-failure.ts'
import { AdminError } from './route.ts'

/** Returns the error that says that the state store does not answer. `advice` is a clause that says what to do. */
export function storeError(advice: string): AdminError {
  return new AdminError(503, 'state_unavailable', `The state store does not answer: ${advice}`)
}

/** Resolves as the write does; throws an AdminError if the store does not answer. Other errors pass unchanged. */
export async function orStoreError<T>(write: Promise<T>, advice: string): Promise<T> {
  try {
    return await write
  } catch (error) {
    if (!(error instanceof StoreFailure)) throw error
    throw error.isRefusal
      ? new AdminError(503, 'state_unavailable', `Nothing was changed: ${error.message}.`)
      : storeError(advice)
  }
}

/** Returns the advice to check the result of a write, which may have been done or not. */
export function lookAgain(path: string): string {
  return `it is not known whether this was done. Check with GET ${path}.`
}
