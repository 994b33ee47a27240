/** Keeps state in this process's memory: nothing survives it, and nobody shares it. */
import { LocalLimiter } from '../pacing/limiter.ts'
import type { Clock } from '../core/ports.ts'
import { Forgetting } from './forgetting.ts'
import { ReplayMemory } from './replays.ts'
import {
  LEDGER_KEPT_MS,
  type LedgerStore,
  type RawEntry,
  type StateStore,
  type StoredEntry,
} from './store.ts'

const wallClock = { nowMs: () => Date.now() }

export function memoryStore(options: {
  readonly replaysPerAgent: number
  readonly clock?: Clock
}): StateStore {
  return {
    name: 'memory',
    limiter: new LocalLimiter(),
    replays: new ReplayMemory({ perAgent: options.replaysPerAgent }),
    ledger: new MemoryLedger(options.clock),
    close: () => Promise.resolve(),
  }
}

export class MemoryLedger implements LedgerStore {
  readonly #entries = new Map<string, StoredEntry>()
  readonly #forgetting = new Forgetting()
  readonly #clock: Clock
  #revision = 0

  constructor(clock: Clock = wallClock) {
    this.#clock = clock
  }

  write(entry: RawEntry, expected?: number): Promise<number | undefined> {
    this.#forgetting.from([this.#entries], this.#clock.nowMs())
    const name = `${entry.kind} ${entry.id}`
    const known = this.#entries.get(name)
    const isOver = (known?.expiresAtMs ?? Infinity) + LEDGER_KEPT_MS < this.#clock.nowMs()
    if (expected !== undefined && expected !== (known?.revision ?? expected) && !isOver)
      return Promise.resolve(undefined)
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
