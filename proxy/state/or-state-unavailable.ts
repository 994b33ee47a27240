/** Writes to the state store on behalf of an agent. */
import { Denial } from '../core/denial/denial.ts'
import { StoreFailure } from './store-failure.ts'

/**
 * Waits for a write. One that the store does not take is refused with denial `state_unavailable`, in these words;
 * whatever else fails passes as it is.
 */
export async function orStateUnavailable<Result>(written: Promise<Result>, words: string): Promise<Result> {
  try {
    return await written
  } catch (cause) {
    throw cause instanceof StoreFailure ? new Denial('state_unavailable', words, { cause }) : cause
  }
}
