/** Notes the head of a replica's audit log in the state store, so that a log that is gone is recognised at a start. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { ChainHead } from '../audit/chain.ts'
import type { Timer } from '../core/ports.ts'
import { ownSecret, readSecret } from '../core/secret-file.ts'
import type { SealedNotes } from './sealed-notes.ts'

const NOTED_EVERY_MS = 1_000
const Head = z.strictObject({ seq: z.int(), hash: z.string() })

/** Returns the name under which the head of a state folder's log is noted: replicas share a store, and no log. */
export function auditHeadName(stateDir: string): string {
  return `audit ${ownSecret(idPath(stateDir))}`
}

/** Returns the head that was noted for a state folder; undefined: none was. Rejects if the store fails. */
export async function readAuditHead(notes: SealedNotes, stateDir: string): Promise<ChainHead | undefined> {
  if (!existsSync(idPath(stateDir))) return undefined
  return Head.safeParse(await notes.get(`audit ${readSecret(idPath(stateDir))}`)).data
}

export interface AuditHeadDeps {
  readonly audit: { readonly head: ChainHead }
  readonly notes: SealedNotes
  readonly stateDir: string
  readonly timer: Timer
}

/** Notes the head by time, whenever it is another. Where the store fails, it notes it later. Returns what notes it for the last time. */
export function noteAuditHead({ audit, notes, stateDir, timer }: AuditHeadDeps): () => Promise<void> {
  const name = auditHeadName(stateDir)
  let noted = 0
  let cancel = (): void => {}
  const note = async (): Promise<void> => {
    const { head } = audit
    if (head.seq === noted) return
    try {
      await notes.set(name, head)
      noted = head.seq
    } catch {
      // The store's guard says that it fails.
    }
  }
  const again = (): void => {
    cancel = timer.after(NOTED_EVERY_MS, () => void note().then(again))
  }
  void note().then(again)
  return () => {
    cancel()
    return note()
  }
}

function idPath(stateDir: string): string {
  return join(stateDir, 'audit-id')
}
