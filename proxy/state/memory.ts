/** State in this process's memory: nothing survives it, and nobody shares it. */
import { LocalLimiter } from '../pacing/limiter.ts'
import { ReplayMemory } from './replays.ts'
import type { LedgerStore, RawEntry, StateStore, StoredEntry } from './store.ts'

export function memoryStore(options: { readonly replaysPerAgent: number }): StateStore {
  return {
    name: 'memory',
    limiter: new LocalLimiter(),
    replays: new ReplayMemory({ perAgent: options.replaysPerAgent }),
    ledger: new MemoryLedger(),
    close: () => Promise.resolve(),
  }
}

export class MemoryLedger implements LedgerStore {
  readonly #entries = new Map<string, StoredEntry>()
  #revision = 0

  write(entry: RawEntry, expected?: number): Promise<number | undefined> {
    const name = `${entry.kind} ${entry.id}`
    const known = this.#entries.get(name)?.revision ?? 0
    if (expected !== undefined && expected !== known) return Promise.resolve(undefined)
    this.#revision += 1
    // Deleted first: a map keeps the place of a key that is set anew, and `since` is in order of revisions.
    this.#entries.delete(name)
    this.#entries.set(name, { ...entry, revision: this.#revision })
    return Promise.resolve(this.#revision)
  }

  since(revision: number): Promise<readonly StoredEntry[]> {
    return Promise.resolve([...this.#entries.values()].filter((entry) => entry.revision > revision))
  }
}
