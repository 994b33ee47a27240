/** The ledger of a proxy's SQLite file, as another process on the machine has it open: another replica, or another version. */
import { join } from 'node:path'
import { ownSecret } from '../../proxy/core/secret-file.ts'
import { sqliteStore } from '../../proxy/state/sqlite.ts'
import { plainLedger } from './plain-ledger.ts'

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
  const ledger = await plainLedger(clock, { store: store.ledger, key, timer })
  return {
    ledger,
    close: async () => {
      ledger.close()
      await store.close()
    },
  }
}
