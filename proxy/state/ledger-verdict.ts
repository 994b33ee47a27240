/** Says what follows of what a store holds, beside what this process saw and knows. Pure. */
import { quoteUntrusted } from '../core/quote-untrusted.ts'
import type { LedgerCopy, Unsealed } from './ledger-copy.ts'
import type { Head, Seal } from './seal.ts'
import { letsCallsGo, nameOf, type LedgerNews, type StoredEntry } from './store.ts'
import type { Whole } from './whole.ts'
import type { Witnessed } from './witness.ts'

const LOOKS_EVERY_MS = 1_000
const LOOKS_EVERY_MS_PER_ENTRY = 5
const ACCEPT = 'Restore it, or say `moderato state accept`'
const LOST = `the state store is empty, and Moderato ran here before: freezes, quarantines, revocations and budgets are lost. ${ACCEPT}`
const OLDER = `the state store holds an older state than this replica saw. ${ACCEPT}`
export const CHANGED = `the state store does not hold what was written to it: entries were removed, or older ones put back. ${ACCEPT}`

/** Says that there is an entry that nobody sealed. */
export function forgedText(name: string): string {
  return `the state store holds a forged entry: ${quoteUntrusted(name)}. Delete it there, or say \`moderato state accept\``
}

/** Returns those of a copy that a store lacks, or has in another form; not those that were forged in it. */
export function lackedBy(whole: Whole, copy: LedgerCopy): StoredEntry[] {
  const inStore = macsOf(whole)
  return [...copy.held()]
    .filter(([name, { stored }]) => inStore.get(name) !== stored.mac && !whole.forged.has(name))
    .map(([, { stored }]) => stored)
}

/** Returns what of a whole is newer than a copy, and known to be the newest. `atMs` is when the copy was sealed. */
export function newestIn(whole: Whole, copy: LedgerCopy, { atMs }: Head): Unsealed[] {
  const sealedTo = whole.head?.revision ?? 0
  return whole.genuine.filter((each) => {
    const held = copy.find(nameOf(each.stored))
    const isSame = held?.stored.mac === each.stored.mac
    const isNewer = each.sealed.version > (held?.sealed.version ?? 0)
    const isVouchedFor =
      whole.covered === 'all' || each.stored.revision > sealedTo || each.sealed.version > atMs
    return isSame || (isNewer && isVouchedFor)
  })
}

/** Tells whether a store lacks some of a copy that its head seals, and holds the rest: nothing older was put back. */
export function holdsLess(
  { revision }: LedgerNews,
  { genuine, head, covered }: Whole,
  copy: LedgerCopy,
): boolean {
  // A counter that was set back would give two entries one revision.
  if (covered !== 'none' || revision < (head?.revision ?? 0)) return false
  return genuine.every(({ stored }) => {
    const held = copy.find(nameOf(stored))
    return held === undefined ? stored.revision > (head?.revision ?? 0) : held.stored.mac === stored.mac
  })
}

/** Returns how often a whole is to be looked at, since nothing tells of what is changed by hand; a large one more seldom. */
export function looksEveryMs({ size }: LedgerCopy): number {
  return Math.max(LOOKS_EVERY_MS, size * LOOKS_EVERY_MS_PER_ENTRY)
}

/** Returns those of a copy that a store lacks, or has in another place; not those that were forged in it. */
export function displacedIn({ genuine, forged }: Whole, copy: LedgerCopy): StoredEntry[] {
  const inStore = new Map(genuine.map(({ stored }) => [nameOf(stored), stored.revision]))
  return [...copy.held()]
    .filter(([name, { stored }]) => inStore.get(name) !== stored.revision && !forged.has(name))
    .map(([, { stored }]) => stored)
}

/** Returns the MACs of what a store holds, by name. */
function macsOf({ genuine }: Whole): ReadonlyMap<string, string> {
  return new Map(genuine.map(({ stored }) => [nameOf(stored), stored.mac]))
}

/** Returns those that let calls go, and are in force or may be again. */
export function grantsIn(entries: readonly Unsealed[]): Unsealed[] {
  return entries.filter(({ stored, sealed }) => letsCallsGo(stored) && sealed.value !== undefined)
}

/** Says what is wrong with a store that is read for the first time; undefined: nothing. */
export function problemOf(
  { epoch, revision, entries }: LedgerNews,
  { covered, head }: Whole,
  seen: Witnessed | undefined,
  hadStore: () => boolean,
): string | undefined {
  if (covered === 'unsealed' && entries.length === 0 && revision === 0)
    return seen !== undefined || hadStore() ? LOST : undefined
  // Without a seal it is of an older version, which this replica has long replaced.
  if (covered === 'none' || (covered === 'unsealed' && seen !== undefined)) return CHANGED
  if (head === undefined || seen === undefined) return undefined
  const isBehind = seen.epoch === epoch ? revision < seen.revision : head.atMs < seen.atMs
  return isBehind ? OLDER : undefined
}

/** Returns what is newer than a copy; undefined: it does not add up to what was sealed, so the whole must be looked at. */
export function newerIn(
  { epoch, revision, entries, head: sealedHead }: LedgerNews,
  copy: LedgerCopy,
  seal: Seal,
): { readonly unsealed: readonly Unsealed[]; readonly head: Head } | undefined {
  const head = sealedHead === undefined ? undefined : seal.openHead(epoch, sealedHead)
  if (head?.revision !== revision) return undefined
  const unsealed: Unsealed[] = []
  for (const stored of entries) {
    const sealed = seal.open(stored)
    const known = copy.find(nameOf(stored))
    if (sealed === undefined || sealed.version <= (known?.sealed.version ?? 0)) return undefined
    unsealed.push({ stored, sealed })
  }
  return head.covers(copy.sumWith(unsealed, head.horizonMs)) ? { unsealed, head } : undefined
}

/** Returns the newer form of each, of those in the store and of those in the copy. */
function newestOf(genuine: readonly Unsealed[], copy: LedgerCopy): readonly Unsealed[] {
  const best = new Map<string, Unsealed>(
    [...copy.held()].map(([name, { stored, sealed }]) => [name, { stored, sealed }]),
  )
  for (const each of genuine) {
    const name = nameOf(each.stored)
    if (each.sealed.version >= (best.get(name)?.sealed.version ?? 0)) best.set(name, each)
  }
  return [...best.values()]
}

function forgedEntries(news: LedgerNews, { forged }: Whole): StoredEntry[] {
  return news.entries.filter((each) => forged.has(nameOf(each)))
}

/** Says what an operator's word takes of a store, with what is known besides. */
export interface Acceptance {
  readonly entries: readonly Unsealed[]
  /** Those of them that let calls go: they are to be taken back. */
  readonly grants: readonly Unsealed[]
  /** Those of the others that the store lacks, or has in another form, or above its counter. In order of revisions. */
  readonly put: readonly StoredEntry[]
  readonly forged: readonly StoredEntry[]
}

export function acceptanceOf(news: LedgerNews, whole: Whole, known: LedgerCopy | undefined): Acceptance {
  const entries = known === undefined ? whole.genuine : newestOf(whole.genuine, known)
  const grants = grantsIn(entries)
  const inStore = macsOf(whole)
  const left = new Set(grants.map(({ stored }) => nameOf(stored)))
  // Above the counter they would look as if somebody wrote them past the head.
  const isInPlace = (each: StoredEntry): boolean =>
    inStore.get(nameOf(each)) === each.mac && each.revision <= news.revision
  const put = entries
    .map(({ stored }) => stored)
    .filter((stored) => !left.has(nameOf(stored)) && !isInPlace(stored))
    .toSorted((one, other) => one.revision - other.revision)
  return { entries, grants, put, forged: forgedEntries(news, whole) }
}
