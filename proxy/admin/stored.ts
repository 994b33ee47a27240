/** Reports failures of the state store to operators. */
import { AdminError } from './route.ts'

/** Resolves as the write does; throws an AdminError if the store does not answer. `path` says where to check the result. */
export async function orStoreError<T>(write: Promise<T>, path: string): Promise<T> {
  try {
    return await write
  } catch {
    throw new AdminError(
      503,
      'state_unavailable',
      `The state store does not answer, so it is not known whether this was done. Check with GET ${path}.`,
    )
  }
}
