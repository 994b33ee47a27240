/** Finds the head of the audit log that the state store noted last, for `moderato audit verify`. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ChainHead } from '../audit/chain.ts'
import type { Config } from '../config/schema/config.ts'
import { readAuditHead } from '../state/audit-head.ts'
import { ledgerKey, openNotes } from '../state/open.ts'
import { Seal } from '../state/seal.ts'
import { SealedNotes } from '../state/sealed-notes.ts'

/** Returns the head; undefined: none was noted, or nothing can be (`store: memory`). Rejects if the store cannot be read. */
export async function notedHead(config: Config): Promise<ChainHead | undefined> {
  const { state, stateDir } = config
  const keyFile = state.keyFile ?? join(stateDir, 'ledger-key')
  // A key that is not there would be made, and open nothing.
  if (state.store === 'memory' || !existsSync(keyFile)) return undefined
  const opened = await openNotes(config, { nowMs: () => Date.now() })
  try {
    return await readAuditHead(new SealedNotes(opened.notes, new Seal(ledgerKey(config))), stateDir)
  } finally {
    await opened.close()
  }
}
