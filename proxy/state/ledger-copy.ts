/** Holds what this process believes the ledger to be: the newest form of each entry, and the sum over all of them. */
import { LAST_MOMENT_MS } from '../core/moment.ts'
import { addTo, emptySum, type Seal, type SealedEntry } from './seal.ts'
import { LEDGER_KEPT_MS, nameOf, type Entry, type LedgerKind, type StoredEntry } from './store.ts'

/** Holds an entry together with the form in which the store has it. */
export interface Held {
  readonly stored: StoredEntry
  readonly sealed: SealedEntry
  readonly entry: Entry
  readonly hash: Buffer
}

/** An entry that was unsealed. */
export type Unsealed = Pick<Held, 'stored' | 'sealed'>

export class LedgerCopy {
  readonly #seal: Seal
  readonly #held = new Map<string, Held>()
  readonly #ofKind = new Map<LedgerKind, Map<string, Entry>>()
  readonly #listeners = new Set<(entry: Entry) => void>()
  readonly #sum = emptySum()
  /** No entry is long over before that. */
  #nextOverMs = Infinity

  constructor(seal: Seal) {
    this.#seal = seal
  }

  find(name: string): Held | undefined {
    return this.#held.get(name)
  }

  /** Returns the number of entries. */
  get size(): number {
    return this.#held.size
  }

  held(): IterableIterator<[string, Held]> {
    return this.#held.entries()
  }

  get(kind: LedgerKind, id: string): Entry | undefined {
    return this.#ofKind.get(kind)?.get(id)
  }

  all(kind: LedgerKind): Entry[] {
    return [...(this.#ofKind.get(kind)?.values() ?? [])]
  }

  onChange(listener: (entry: Entry) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Takes an entry, whatever was there before, and tells the listeners if anything is new. */
  set({ stored, sealed }: Unsealed): void {
    const name = nameOf(stored)
    const before = this.#held.get(name)
    if (before?.stored.mac === stored.mac && before.stored.revision === stored.revision) return
    const held = { stored, sealed, entry: entryOf(stored, sealed), hash: this.#seal.hashOf(stored) }
    if (before !== undefined) addTo(this.#sum, before.hash)
    addTo(this.#sum, held.hash)
    this.#held.set(name, held)
    this.#nextOverMs = Math.min(this.#nextOverMs, overAtMs(sealed))
    const { kind, id } = stored
    const ofKind = this.#ofKind.get(kind) ?? new Map<string, Entry>()
    this.#ofKind.set(kind, ofKind.set(id, held.entry))
    for (const listener of this.#listeners) listener(held.entry)
  }

  /** Takes these entries for all that there is. */
  reset(entries: readonly Unsealed[]): void {
    const names = new Set(entries.map(({ stored }) => nameOf(stored)))
    for (const [name, { entry }] of this.#held) {
      if (names.has(name)) continue
      this.#drop(name)
      for (const listener of this.#listeners) listener({ ...entry, value: undefined })
    }
    for (const each of entries) this.set(each)
  }

  /** Returns the names of the entries that are long over by a horizon: no sum with it counts them. */
  over(horizonMs: number): string[] {
    if (horizonMs < this.#nextOverMs) return []
    return [...this.#held].filter(([, { sealed }]) => isLongOver(sealed, horizonMs)).map(([name]) => name)
  }

  /** Forgets those that are long over. Returns what they were. */
  forgetOver(horizonMs: number): StoredEntry[] {
    if (horizonMs < this.#nextOverMs) return []
    const over = this.over(horizonMs).flatMap((name) => this.#drop(name) ?? [])
    this.#nextOverMs = Math.min(...[...this.#held.values()].map(({ sealed }) => overAtMs(sealed)))
    return over
  }

  /** Returns the sum as it would be with these entries; what is long over by then counts no more. */
  sumWith(entries: readonly Unsealed[], horizonMs: number): Buffer {
    const sum = Buffer.from(this.#sum)
    for (const name of new Set([...this.over(horizonMs), ...entries.map(({ stored }) => nameOf(stored))])) {
      const held = this.#held.get(name)
      if (held !== undefined) addTo(sum, held.hash)
    }
    for (const { stored, sealed } of entries) {
      if (!isLongOver(sealed, horizonMs)) addTo(sum, this.#seal.hashOf(stored))
    }
    return sum
  }

  #drop(name: string): StoredEntry | undefined {
    const held = this.#held.get(name)
    if (held === undefined) return undefined
    addTo(this.#sum, held.hash)
    this.#held.delete(name)
    this.#ofKind.get(held.entry.kind)?.delete(held.entry.id)
    return held.stored
  }
}

/** Tells whether an entry's time has been over for so long that it is forgotten. */
export function isLongOver(sealed: SealedEntry, horizonMs: number): boolean {
  return overAtMs(sealed) < horizonMs
}

function overAtMs({ expiresAtMs }: SealedEntry): number {
  return (expiresAtMs ?? Infinity) + LEDGER_KEPT_MS
}

function entryOf({ kind, id, revision }: StoredEntry, { value, version, expiresAtMs }: SealedEntry): Entry {
  const endsAtMs = expiresAtMs === undefined || expiresAtMs > LAST_MOMENT_MS ? undefined : expiresAtMs
  return { kind, id, value, revision, version, expiresAtMs: endsAtMs }
}
