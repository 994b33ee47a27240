/** Writes to a ledger's store past its seal: as an older version of Moderato does, or somebody who got at the store. */
import type { LedgerStore, RawEntry } from '../../proxy/state/store.ts'

/** Writes an entry under the next revision, and leaves the head as it was. */
export async function writtenBeside(store: LedgerStore, entry: RawEntry): Promise<void> {
  const { head = '', ...at } = await store.since(undefined)
  const outcome = await store.write({ at, put: [entry], forget: [], head })
  if (outcome !== 'written') throw new Error('somebody else wrote meanwhile')
}

/** Takes an entry away. */
export async function takenAway(store: LedgerStore, entry: Pick<RawEntry, 'kind' | 'id'>): Promise<void> {
  const { head = '', ...at } = await store.since(undefined)
  await store.write({ at, put: [], forget: [entry], head })
}
