/**
 * Keeps state in a SQLite file, which is the embedded default. It survives the process, and processes on one machine
 * share it.
 */
import { machineClock, type BootClock } from './boot-clock.ts'
import { SqliteFile } from './sqlite-file.ts'
import { SqliteLedger, SqliteNotes } from './sqlite-ledger.ts'
import { SqliteLimiter } from './sqlite-limiter.ts'
import { SqliteReplays } from './sqlite-replays.ts'
import type { StateStore } from './store.ts'

/** Another process's decision takes microseconds, its durable ledger write a few milliseconds. */
const BUSY_MS = 500

export interface SqliteStoreOptions {
  readonly path: string
  readonly replaysPerAgent: number
  readonly bootClock?: BootClock
}

/** Opens the file. Throws if it cannot be used. */
export function sqliteStore({ path, replaysPerAgent, bootClock }: SqliteStoreOptions): StateStore {
  const file = new SqliteFile({ path, busyMs: BUSY_MS })
  const limiter = new SqliteLimiter(file, bootClock ?? machineClock())
  return {
    name: 'sqlite',
    isNew: file.isNew,
    limiter,
    replays: new SqliteReplays(file, { perAgent: replaysPerAgent, storeNowMs: () => limiter.nowMs() }),
    ledger: new SqliteLedger(file),
    notes: new SqliteNotes(file),
    close: async () => file.close(),
  }
}
