/** Judges all that a store says of its ledger at once: what of it is genuine, and whether it is the newest. Pure. */
import { isLongOver, type Held, type LedgerCopy, type Unsealed } from './ledger-copy.ts'
import { addTo, emptySum, type Head, type Seal } from './seal.ts'
import { letsCallsGo, nameOf, type LedgerNews, type StoredEntry } from './store.ts'

export interface Whole {
  /** In order of revisions; without those whose time is long over. */
  readonly genuine: readonly Unsealed[]
  /** Those that are long over, and still lie in the store. */
  readonly over: readonly StoredEntry[]
  /** Names of entries that were made up, or are old ones in a new place, with their revisions. */
  readonly forged: ReadonlyMap<string, number>
  readonly head: Head | undefined
  /**
   * `all`: nothing that was sealed is missing or older. `part`: another version of Moderato, which seals no head, wrote
   * last, so some may be. `unsealed`: no head was ever sealed. `none`: the store does not hold what was sealed last.
   */
  readonly covered: 'all' | 'part' | 'unsealed' | 'none'
  /** Whether another version of Moderato wrote after the head. */
  readonly hasLate: boolean
}

/**
 * Judges it. `known` is what this process knows to be true, and stands in for what was forged; undefined: it knows
 * nothing yet.
 */
export function judgeWhole(news: LedgerNews, seal: Seal, known?: LedgerCopy): Whole {
  const head = news.head === undefined ? undefined : seal.openHead(news.epoch, news.head)
  const { revision: sealedTo = 0, atMs = -Infinity, horizonMs = -Infinity } = head ?? {}
  const [genuine, over]: [Unsealed[], StoredEntry[]] = [[], []]
  const forged = new Map<string, number>()
  const sum = emptySum()
  let hasLate = false
  for (const stored of news.entries) {
    const held = sameIn(known, stored)
    const sealed = held?.sealed ?? seal.open(stored)
    const isLate = head !== undefined && stored.revision > sealedTo
    if (sealed === undefined || (isLate && !isNew({ stored, sealed }, atMs, known)))
      forged.set(nameOf(stored), stored.revision)
    else if (isLongOver(sealed, horizonMs)) over.push(stored)
    else {
      genuine.push({ stored, sealed })
      if (isLate) hasLate ||= stored.revision === news.revision
      else addTo(sum, held?.hash ?? seal.hashOf(stored))
    }
  }
  for (const { hash } of hiddenBy(forged, sealedTo, known)) addTo(sum, hash)
  return { genuine, over, forged, head, covered: coverage(), hasLate }

  function coverage(): Whole['covered'] {
    if (news.head === undefined) return 'unsealed'
    if (head === undefined || sealedTo > news.revision) return 'none'
    if (head.covers(sum)) return 'all'
    return hasLate ? 'part' : 'none'
  }
}

/** Returns what is known in place of what was forged, as far as a head covers it. */
function hiddenBy(
  forged: ReadonlyMap<string, number>,
  sealedTo: number,
  known: LedgerCopy | undefined,
): Held[] {
  const held = [...forged.keys()].flatMap((name) => known?.find(name) ?? [])
  return held.filter(({ stored }) => stored.revision <= sealedTo)
}

/** Returns what is known of an entry in just this form: it need not be unsealed again. */
function sameIn(known: LedgerCopy | undefined, stored: StoredEntry): Held | undefined {
  const held = known?.find(nameOf(stored))
  const { text, mac, revision } = held?.stored ?? {}
  return text === stored.text && mac === stored.mac && revision === stored.revision ? held : undefined
}

/**
 * Tells whether an entry that no head covers is new, and no old one under a new revision. Its time says so; but clocks of
 * two machines differ, so what only holds calls back is also taken where this process knows an older form, or none.
 */
function isNew({ stored, sealed }: Unsealed, atMs: number, known: LedgerCopy | undefined): boolean {
  if (sealed.version > atMs) return true
  if (known === undefined) return false
  const held = known.find(nameOf(stored))
  if (held?.stored.mac === stored.mac) return held.stored.revision === stored.revision
  const holdsBack = !letsCallsGo(stored) && sealed.value !== undefined
  return holdsBack && sealed.version > (held?.sealed.version ?? 0)
}
