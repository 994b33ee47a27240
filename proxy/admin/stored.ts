/** Writes to the state store on behalf of an operator. */
import { AdminError } from './route.ts'

/** What the store does not take is not in force; `path` says where to look. */
export async function orStoreError<T>(write: Promise<T>, path: string): Promise<T> {
  try {
    return await write
  } catch {
    throw new AdminError(
      503,
      'state_unavailable',
      `The state store does not answer: whether this holds is not known. Look again with GET ${path}.`,
    )
  }
}
