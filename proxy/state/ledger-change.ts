/** Makes the sealed form of what is written to the ledger: entries, and the head over all of them. Pure. */
import type { LedgerCopy, Unsealed } from './ledger-copy.ts'
import type { Head, Seal, SealedEntry } from './seal.ts'
import { nameOf, type LedgerChange, type RawEntry } from './store.ts'

export type EntryName = Pick<RawEntry, 'kind' | 'id'>
export type EntryValue = Pick<SealedEntry, 'value' | 'expiresAtMs'>

/** Holds what the writer knows. */
export interface Writing {
  readonly seal: Seal
  readonly copy: LedgerCopy
  /** Where the copy stands. */
  readonly head: Head
  /** Entries that are long over and still lie in the store. */
  readonly over: readonly EntryName[]
  readonly nowMs: number
  /** How much time passed since the copy stands there, by a steady clock. */
  readonly passedMs: number
}

const FORGETS_AT_MOST = 16

/** Returns the horizon of a head that follows another: it grows as time passed since that, at most up to now. */
function horizonOf({ horizonMs }: Head, nowMs: number, passedMs: number): number {
  const now = Math.floor(nowMs)
  if (horizonMs === -Infinity) return now
  return Math.max(horizonMs, Math.min(now, Math.floor(horizonMs + passedMs)))
}

/** Returns a new form of an entry, which every replica takes for newer than the last. */
export function sealedAnew(
  name: EntryName,
  { value, expiresAtMs }: EntryValue,
  { seal, copy, nowMs }: Writing,
): RawEntry {
  const known = copy.find(nameOf(name))
  return seal.entry(name, {
    // Above that of one that this process never saw, because the store had forgotten it: hence the clock.
    version: Math.max((known?.sealed.version ?? 0) + 1, Math.floor(nowMs)),
    ...(value === undefined ? {} : { value }),
    ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
  })
}

/** Returns the forms of entries that let calls go in which they are removed. */
export function takenBack(grants: readonly Unsealed[], writing: Writing): RawEntry[] {
  return grants.map(({ stored, sealed: { expiresAtMs } }) => sealedAnew(stored, { expiresAtMs }, writing))
}

export interface PreparedChange {
  readonly change: LedgerChange
  readonly head: Head
  /** What is put, under its revisions. */
  readonly unsealed: readonly Unsealed[]
  /** How many of `Writing.over` are forgotten with it. */
  readonly forgotten: number
}

/** Returns the change that puts these entries, and takes those that are `gone` from the store. */
export function changeOf(
  put: readonly RawEntry[],
  gone: readonly EntryName[],
  { seal, copy, head: last, over, nowMs, passedMs }: Writing,
): PreparedChange {
  const { epoch, revision } = last
  const unsealed = put.flatMap((entry, index) => {
    const stored = { ...entry, revision: revision + 1 + index }
    const sealed = seal.open(stored)
    return sealed === undefined ? [] : [{ stored, sealed }]
  })
  const atMs = Math.max(Math.floor(nowMs), last.atMs, ...unsealed.map(({ sealed }) => sealed.version))
  const horizonMs = horizonOf(last, nowMs, passedMs)
  const head = { epoch, revision: revision + put.length, atMs, horizonMs }
  const forgotten = over.slice(0, FORGETS_AT_MOST)
  const written = new Set(put.map(nameOf))
  const forget = [...gone, ...forgotten].filter((each) => !written.has(nameOf(each)))
  const sealedHead = seal.head(head, copy.sumWith(unsealed, horizonMs))
  const change = { at: { epoch, revision }, put, forget, head: sealedHead }
  return { change, head, unsealed, forgotten: forgotten.length }
}
