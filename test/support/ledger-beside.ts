/** The ledger of a proxy's SQLite file, as another process on the machine has it open: another replica, or another version. */
import { join } from 'node:path'
import { ownSecret } from '../../proxy/core/secret-file.ts'
import { Ledger } from '../../proxy/state/ledger.ts'
import { NO_WITNESS } from '../../proxy/state/witness.ts'
import { sqliteStore } from '../../proxy/state/sqlite.ts'

const clock = { nowMs: () => Date.now() }
const timer = {
  after(ms: number, fire: () => void) {
    const handle = setTimeout(fire, ms)
    return () => clearTimeout(handle)
  },
}

/** Opens it with the key of the state folder, which is made if no proxy has made it. */
export async function ledgerBeside(stateDir: string) {
  const key = Buffer.from(ownSecret(join(stateDir, 'ledger-key')), 'base64url')
  const store = sqliteStore({ path: join(stateDir, 'state.sqlite'), replaysPerAgent: 1 })
  const ledger = await Ledger.open({
    store: store.ledger,
    key,
    clock,
    steadyClock: clock,
    timer,
    pollMs: 250,
    staleMs: 5_000,
    onUnsound: () => undefined,
    onUnreadable: () => undefined,
    onSettled: () => undefined,
    witness: NO_WITNESS,
    hadStore: () => false,
  })
  return {
    ledger,
    close: async () => {
      ledger.close()
      await store.close()
    },
  }
}
