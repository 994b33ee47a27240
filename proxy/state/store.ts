/**
 * Defines the state port: it keeps what must outlive a process, and what replicas share. Memory, SQLite and Valkey
 * implement it.
 */
import type { KeptBuckets, Limiter } from '../pacing/limiter.ts'
import type { Replays } from './replays.ts'

/** Names the kinds of things that a ledger keeps. */
export const LEDGER_KINDS = [
  'approval',
  'breakglass',
  'freeze',
  'quarantine',
  'revocation',
  'slowdown',
  'task',
] as const
export type LedgerKind = (typeof LEDGER_KINDS)[number]

/** A store keeps an entry for this long after its time is over; then it may forget it. */
export const LEDGER_KEPT_MS = 24 * 3_600_000

/**
 * Holds an entry as a store keeps it. A store can read it, and cannot make one: `mac` is made with a key it does not
 * hold.
 */
export interface RawEntry {
  readonly kind: LedgerKind
  readonly id: string
  readonly text: string
  readonly mac: string
  /** `LEDGER_KEPT_MS` after this the store may forget it; undefined: never. */
  readonly expiresAtMs: number | undefined
}

/** Adds the revision of the write that made the entry: revisions grow, over all entries of a store. */
export interface StoredEntry extends RawEntry {
  readonly revision: number
}

/**
 * Keeps the ledger's entries. Every call rejects if the store cannot be reached, and has changed nothing then that it
 * does not show later.
 */
export interface LedgerStore {
  /**
   * Writes an entry durably, if its revision is still `expected` (0: there is none) or it was forgotten; without
   * `expected`, whatever it is. One atomic step over all replicas. Resolves with the new revision; undefined: somebody else wrote first.
   */
  write(entry: RawEntry, expected?: number): Promise<number | undefined>
  /** Returns the newest form of every entry that was written after `revision`, in order of revisions. */
  since(revision: number): Promise<readonly StoredEntry[]>
}

/** Holds an entry that was sealed by whoever holds the ledger's key. A `Table` reads its value. */
export interface Entry {
  readonly kind: LedgerKind
  readonly id: string
  /** Whatever its writer gave; undefined: the entry was removed. */
  readonly value: unknown
  readonly revision: number
  /** Grows with each write; not below the writer's clock, in milliseconds since the epoch. */
  readonly version: number
  /** Milliseconds since the epoch; undefined: it does not end by itself. */
  readonly expiresAtMs: number | undefined
}

export interface StateStore {
  /** Its name in the configuration: `memory`, `sqlite`, `valkey`. */
  readonly name: string
  readonly limiter: Limiter & KeptBuckets
  readonly replays: Replays
  readonly ledger: LedgerStore
  close(): Promise<void>
}
