/** Keeps state in this process's memory: nothing survives it, and nobody shares it. */
import { randomUUID } from 'node:crypto'
import { LocalLimiter } from '../pacing/limiter.ts'
import { ReplayMemory } from './replays.ts'
import {
  nameOf,
  type LedgerChange,
  type LedgerNews,
  type LedgerStore,
  type Position,
  type StateStore,
  type StoredEntry,
} from './store.ts'

export function memoryStore(options: { readonly replaysPerAgent: number }): StateStore {
  const notes = new Map<string, string>()
  return {
    name: 'memory',
    isNew: true,
    limiter: new LocalLimiter(),
    replays: new ReplayMemory({ perAgent: options.replaysPerAgent }),
    ledger: new MemoryLedger(),
    notes: {
      get: (name) => Promise.resolve(notes.get(name)),
      set: (name, text) => Promise.resolve(void notes.set(name, text)),
    },
    close: () => Promise.resolve(),
  }
}

export class MemoryLedger implements LedgerStore {
  readonly #entries = new Map<string, StoredEntry>()
  readonly #epoch = randomUUID()
  #revision = 0
  #head: string | undefined

  since(seen: Position | undefined): Promise<LedgerNews> {
    const [epoch, revision, head] = [this.#epoch, this.#revision, this.#head]
    const isWhole = seen === undefined || seen.epoch !== epoch || seen.revision > revision
    const from = isWhole ? 0 : seen.revision
    const entries = [...this.#entries.values()].filter((entry) => entry.revision > from)
    return Promise.resolve({ epoch, revision, head, isWhole, entries })
  }

  write({ at, put, forget, head }: LedgerChange): Promise<'written' | 'behind'> {
    if (at.epoch !== this.#epoch || at.revision !== this.#revision) return Promise.resolve('behind')
    for (const each of forget) this.#entries.delete(nameOf(each))
    for (const entry of put) {
      this.#revision += 1
      // Deleted first: a map keeps the place of a key that is set anew, and `since` is in order of revisions.
      this.#entries.delete(nameOf(entry))
      this.#entries.set(nameOf(entry), { ...entry, revision: this.#revision })
    }
    this.#head = head
    return Promise.resolve('written')
  }
}
