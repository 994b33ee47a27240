/** Opens the state store that the configuration asks for, and the ledger in it. */
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Config } from '../config-schema.ts'
import type { Timer } from '../pacing/lane.ts'
import type { Clock } from '../ports.ts'
import { ownSecret } from '../secret-file.ts'
import { Ledger } from './ledger.ts'
import { memoryStore } from './memory.ts'
import type { StateStore } from './store.ts'

/** Half a second from one replica's write to another's refusal at most, with room for a slow store. */
const LEDGER_POLL_MS = 250
const LEDGER_STALE_MS = 5_000

export interface State {
  readonly store: StateStore
  readonly ledger: Ledger
  close(): Promise<void>
}

/** Rejects if the store cannot be reached: nothing is served without it. */
export async function openState(
  config: Config,
  { clock, timer, log }: { readonly clock: Clock; readonly timer: Timer; readonly log: Logger },
): Promise<State> {
  const store = memoryStore({ replaysPerAgent: config.limits.replaysPerAgent })
  const ledger = await Ledger.open({
    store: store.ledger,
    key: Buffer.from(ownSecret(join(config.stateDir, 'ledger-key')), 'base64url'),
    clock,
    timer,
    pollMs: LEDGER_POLL_MS,
    staleMs: LEDGER_STALE_MS,
    onUnsound: (error) => log.error({ err: error }, 'the ledger cannot be trusted: changes are refused'),
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
