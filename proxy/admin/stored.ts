/** Tells operators that the state store failed, in one way for all routes. */
import { StoreFailure } from '../state/store-failure.ts'
import { AdminError } from './route.ts'

/** Returns the refusal of a route whose state store does not answer; `advice` says what to do, as a clause. */
export function storeError(advice: string): AdminError {
  return new AdminError(503, 'state_unavailable', `The state store does not answer: ${advice}`)
}

/** Waits for a write of the state store; one that fails is refused with 503. Whatever else fails passes as it is. */
export async function orStoreError<T>(write: Promise<T>, advice: string): Promise<T> {
  try {
    return await write
  } catch (error) {
    throw error instanceof StoreFailure ? storeError(advice) : error
  }
}

/** Advises to look whether a write took place: it may have, or not. */
export function lookAgain(path: string): string {
  return `whether this holds is not known. Look again with GET ${path}.`
}
