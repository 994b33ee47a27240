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

/** An entry is kept for this long after its time is over; then it is forgotten. */
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
  /** Long after this (`LEDGER_KEPT_MS`) it is forgotten; undefined: never. */
  readonly expiresAtMs: number | undefined
}

/** Names an entry over all kinds. */
export function nameOf({ kind, id }: Pick<RawEntry, 'kind' | 'id'>): string {
  return `${kind} ${id}`
}

/**
 * Tells whether an entry lets calls go that would not go without it. Where it is not known to be the newest form, it
 * is taken back: agents ask again, and people decide again.
 */
export function letsCallsGo({ kind, id }: Pick<RawEntry, 'kind' | 'id'>): boolean {
  // Nonces and demands are of the kind approval too, and restrict; their ids have a prefix.
  return kind === 'breakglass' || (kind === 'approval' && !id.includes(':'))
}

/** Adds the revision of the write that made the entry: revisions grow, over all entries of a store. */
export interface StoredEntry extends RawEntry {
  readonly revision: number
}

/** Says where in a store's history somebody stands. */
export interface Position {
  /** Names the data of a store: made anew, at random, whenever the store is empty. */
  readonly epoch: string
  /** Counts the writes since then. */
  readonly revision: number
}

/** Holds what a store tells of its ledger, as of one moment. */
export interface LedgerNews extends Position {
  /** What the last writer sealed of all entries together (`seal.ts`); undefined: nobody has. */
  readonly head: string | undefined
  /** True: these are all entries, and not only those that are newer. */
  readonly isWhole: boolean
  /** The newest form of each, in order of revisions. */
  readonly entries: readonly StoredEntry[]
}

/** Holds one atomic change of a store's ledger. */
export interface LedgerChange {
  /** The change is made only if the store still stands here. */
  readonly at: Position
  /** They get the next revisions, in this order. */
  readonly put: readonly RawEntry[]
  readonly forget: readonly Pick<RawEntry, 'kind' | 'id'>[]
  readonly head: string
}

/**
 * Keeps the ledger's entries. Every call rejects if the store cannot be reached, and has changed nothing then that it
 * does not show later.
 */
export interface LedgerStore {
  /** Returns what is newer than `seen`; everything, if it is undefined, of another epoch, or ahead of the store. */
  since(seen: Position | undefined): Promise<LedgerNews>
  /** Makes a change durably, in one atomic step over all replicas. `behind`: nothing was written, others were first. */
  write(change: LedgerChange): Promise<'written' | 'behind'>
}

/** Keeps short texts by name, beside the ledger. Whoever writes them seals them. */
export interface NoteStore {
  get(name: string): Promise<string | undefined>
  set(name: string, text: string): Promise<void>
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
  /** Whether it was empty when it was opened. */
  readonly isNew: boolean
  readonly limiter: Limiter & KeptBuckets
  readonly replays: Replays
  readonly ledger: LedgerStore
  readonly notes: NoteStore
  close(): Promise<void>
}
