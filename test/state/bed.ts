/** Where the tests of stores keep their state. */
import type { StateStore } from '../../proxy/state/store.ts'

/** A place where state lies, empty at first. */
export interface Bed {
  /** Another process on the same state. */
  open(options: { readonly replaysPerAgent: number }): Promise<StateStore>
  /** Called whenever time has passed. */
  moved(): Promise<void>
  close(): Promise<void>
}
