/** Writes to the state store on behalf of an agent. */
import { Denial } from '../core/denial/denial.ts'

/**
 * Waits for a write. One that the store does not take is refused with denial `state_unavailable`, in these words;
 * denials pass as they are.
 */
export async function orStateUnavailable<Result>(written: Promise<Result>, words: string): Promise<Result> {
  try {
    return await written
  } catch (cause) {
    if (cause instanceof Denial) throw cause
    throw new Denial('state_unavailable', words, { cause })
  }
}
