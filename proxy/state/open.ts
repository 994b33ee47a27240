/** Opens the state store that the configuration asks for, and the ledger in it. */
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Config } from '../config/schema/config.ts'
import type { Clock, Timer } from '../core/ports.ts'
import { ownSecret } from '../core/secret-file.ts'
import { guarded, type GuardedStore } from './guarded.ts'
import { Ledger } from './ledger.ts'
import { memoryStore } from './memory.ts'
import type { StateStore } from './store.ts'
import { unreadableLog } from './unreadable-log.ts'

/** Half a second from one replica's write to another's refusal at most, with room for a slow store. */
const LEDGER_POLL_MS = 250
const LEDGER_STALE_MS = 5_000

export interface State {
  readonly store: GuardedStore
  readonly ledger: Ledger
  close(): Promise<void>
}

/** Opens both. Rejects if the store cannot be reached: nothing is served without it. */
export async function openState(
  config: Config,
  { clock, timer, log }: { readonly clock: Clock; readonly timer: Timer; readonly log: Logger },
): Promise<State> {
  const store = guarded(await storeOf(config, clock), ({ up, error }) => {
    if (up) log.info('the state store answers again')
    else log.error({ err: error }, 'the state store does not answer: changes are refused')
  })
  const ledger = await Ledger.open({
    store: store.ledger,
    key: Buffer.from(ownSecret(config.state.keyFile ?? join(config.stateDir, 'ledger-key')), 'base64url'),
    clock,
    timer,
    pollMs: LEDGER_POLL_MS,
    staleMs: LEDGER_STALE_MS,
    onUnsound: (error) => log.error({ err: error }, 'the ledger cannot be trusted: changes are refused'),
    onUnreadable: unreadableLog(clock, (fields, words) => log.warn(fields, words)),
  })
  return {
    store,
    ledger,
    close() {
      ledger.close()
      return store.close()
    },
  }
}

/** Loads only what is asked for: each store has a library of its own behind it. */
async function storeOf({ state, stateDir, limits }: Config, clock: Clock): Promise<StateStore> {
  const { replaysPerAgent } = limits
  if (state.store === 'memory') return memoryStore({ replaysPerAgent, clock })
  if (state.store === 'sqlite') {
    const { sqliteStore } = await import('./sqlite.ts')
    return sqliteStore({ path: state.file ?? join(stateDir, 'state.sqlite'), replaysPerAgent, clock })
  }
  const { valkeyStore } = await import('./valkey.ts')
  const { url = '', passwordFile, ca, prefix, timeout: timeoutMs } = state
  return valkeyStore({ url, passwordFile, ca, prefix, timeoutMs, replaysPerAgent, clock })
}
