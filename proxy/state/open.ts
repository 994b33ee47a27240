/** Opens the state store that the configuration asks for, and the ledger in it. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Config } from '../config/schema/config.ts'
import type { Clock, Timer } from '../core/ports.ts'
import { ownSecret } from '../core/secret-file.ts'
import { guarded, type GuardedStore } from './guarded.ts'
import { Ledger } from './ledger.ts'
import { memoryStore } from './memory.ts'
import { SealedNotes } from './sealed-notes.ts'
import { Seal } from './seal.ts'
import type { NoteStore, StateStore } from './store.ts'
import { UnfitStore } from './store-failure.ts'
import { unreadableLog } from './unreadable-log.ts'
import { fileWitness, NO_WITNESS, type Witness } from './witness.ts'

/** Half a second from one replica's write to another's refusal at most, with room for a slow store. */
const LEDGER_POLL_MS = 250
const LEDGER_STALE_MS = 5_000
const NOTES_BUSY_MS = 2_000

export interface OpenedStore {
  readonly store: GuardedStore
  readonly notes: SealedNotes
  /** Opens the ledger. `ranBefore`: an empty store is a loss, and not a first start. */
  openLedger(ranBefore: boolean): Promise<State>
  close(): Promise<void>
}

export interface State {
  readonly store: GuardedStore
  readonly notes: SealedNotes
  readonly ledger: Ledger
  close(): Promise<void>
}

export interface StateDeps {
  readonly clock: Clock
  readonly steadyClock: Clock
  readonly timer: Timer
  readonly log: Logger
}

/** Opens the store. Rejects if it cannot be reached: nothing is served without it. */
export async function openStore(config: Config, deps: StateDeps): Promise<OpenedStore> {
  const { log } = deps
  const store = guarded(await storeOf(config, deps.clock), ({ up, error }) => {
    if (up) log.info('the state store answers again')
    else if (error instanceof UnfitStore)
      log.error({ err: error }, 'the state store must not be used: changes are refused')
    else log.error({ err: error }, 'the state store does not answer: changes are refused')
  })
  const key = ledgerKey(config)
  const notes = new SealedNotes(store.notes, new Seal(key))
  return {
    store,
    notes,
    async openLedger(ranBefore) {
      const ledger = await ledgerOf(config, { key, store, ranBefore, ...deps })
      const close = (): Promise<void> => {
        ledger.close()
        return store.close()
      }
      return { store, notes, ledger, close }
    },
    close: () => store.close(),
  }
}

interface LedgerDeps extends StateDeps {
  readonly key: Buffer
  readonly store: GuardedStore
  readonly ranBefore: boolean
}

function ledgerOf(
  config: Config,
  { key, store, ranBefore, clock, steadyClock, timer, log }: LedgerDeps,
): Promise<Ledger> {
  return Ledger.open({
    store: store.ledger,
    key,
    clock,
    steadyClock,
    timer,
    witness: witnessOf(config, new Seal(key)),
    // What never outlives a process is always empty at its start.
    hadStore: () => ranBefore && store.isNew && config.state.store !== 'memory',
    pollMs: LEDGER_POLL_MS,
    staleMs: LEDGER_STALE_MS,
    onUnsound: (error) => log.error({ err: error }, 'the ledger cannot be trusted: changes are refused'),
    onUnreadable: unreadableLog(clock, (fields, words) => log.warn(fields, words)),
    onSettled: (words) => log.warn(words),
  })
}

/** Returns the key that the ledger is sealed with, the same on every replica; made if there is none. */
export function ledgerKey({ state, stateDir }: Pick<Config, 'state' | 'stateDir'>): Buffer {
  return Buffer.from(ownSecret(state.keyFile ?? join(stateDir, 'ledger-key')), 'base64url')
}

/** A SQLite file has it beside itself: all that share the file share what they saw of it. */
function witnessOf({ state, stateDir }: Config, seal: Seal): Witness {
  if (state.store === 'memory') return NO_WITNESS
  const path = state.store === 'sqlite' ? sqlitePath({ state, stateDir }) : join(stateDir, 'state')
  return fileWitness(`${path}.seen`, seal)
}

/** Returns the path of the SQLite file. */
function sqlitePath({ state, stateDir }: Pick<Config, 'state' | 'stateDir'>): string {
  return state.file ?? join(stateDir, 'state.sqlite')
}

/** Opens the notes of the store alone, for a command beside a running Moderato. Rejects if there is no such store. */
export async function openNotes(
  config: Config,
  clock: Clock,
): Promise<{ readonly notes: NoteStore; close(): Promise<void> }> {
  if (config.state.store !== 'sqlite') return storeOf(config, clock)
  const path = sqlitePath(config)
  if (!existsSync(path)) throw new Error(`${path} does not exist`)
  const [{ SqliteFile }, { SqliteNotes }] = await Promise.all([
    import('./sqlite-file.ts'),
    import('./sqlite-ledger.ts'),
  ])
  const file = new SqliteFile({ path, busyMs: NOTES_BUSY_MS })
  return { notes: new SqliteNotes(file), close: async () => file.close() }
}

/** Loads only what is asked for: each store has a library of its own behind it. */
async function storeOf(
  { state, stateDir, limits }: Pick<Config, 'state' | 'stateDir' | 'limits'>,
  clock: Clock,
): Promise<StateStore> {
  const { replaysPerAgent } = limits
  if (state.store === 'memory') return memoryStore({ replaysPerAgent })
  if (state.store === 'sqlite') {
    const { sqliteStore } = await import('./sqlite.ts')
    return sqliteStore({ path: sqlitePath({ state, stateDir }), replaysPerAgent })
  }
  const { valkeyStore } = await import('./valkey.ts')
  const { url = '', passwordFile, ca, prefix, timeout: timeoutMs } = state
  return valkeyStore({ url, passwordFile, ca, prefix, timeoutMs, replaysPerAgent, clock })
}
