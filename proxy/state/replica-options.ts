/** Declares what a ledger needs of its place, and what it tells of an operator's word. */
import type { Clock } from '../core/ports.ts'
import type { Entry, LedgerStore } from './store.ts'
import type { Witness } from './witness.ts'

export interface ReplicaOptions {
  readonly store: LedgerStore
  /** 32 bytes, the same on every replica. */
  readonly key: Buffer
  readonly clock: Clock
  /** Goes on evenly, whatever is done to the other. */
  readonly steadyClock: Clock
  readonly witness: Witness
  /** Tells whether there was a store before, as far as this machine knows besides the witness: an empty one is a loss. */
  readonly hadStore: () => boolean
  /** Hears once of each write of an entry that this version cannot read, and so handles by the rule of its kind. */
  readonly onUnreadable: (entry: Pick<Entry, 'kind' | 'id' | 'revision'>, problem: string) => void
  /** Hears in words what was found and is settled: the log is to tell of it. */
  readonly onSettled: (words: string) => void
}

/** Says what `accept` did. */
export interface Accepted {
  readonly entries: number
  /** Approvals and break-glasses that were taken back. */
  readonly takenBack: number
  /** Entries that were forged, and are gone. */
  readonly forged: number
}
