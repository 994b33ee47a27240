/** Remembers, beside the store, what this process saw of it last: so that an older one is recognised after a restart. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import { makeOwnFolder } from '../core/own-folder.ts'
import type { Head, Seal } from './seal.ts'

export type Witnessed = Pick<Head, 'epoch' | 'revision' | 'atMs'>

export interface Witness {
  /** Returns the head that was seen last; undefined: none was. */
  read(): Witnessed | undefined
  /** Remembers a head. It never throws: what it cannot write it writes with the next one. */
  write(head: Witnessed): void
}

/** Remembers nothing, for a store that does not outlive its process. */
export const NO_WITNESS: Witness = { read: () => undefined, write: () => undefined }

const NAME = 'ledger seen'
const SealedSeen = z.strictObject({ epoch: z.string(), revision: z.number(), atMs: z.number() })

/** Keeps it in a file that is sealed. Throws if there is a file that cannot be read, and says what to do. */
export function fileWitness(path: string, seal: Seal): Witness {
  makeOwnFolder(dirname(path))
  let written: string | undefined
  const read = (): Witnessed | undefined => {
    const text = textOf(path)
    if (text === undefined) return undefined
    const seen = SealedSeen.safeParse(seal.openNote(NAME, text)).data
    if (seen !== undefined) return seen
    throw new Error(
      `${path} is truncated, or was sealed with another key: restore it. To go on without it, delete it; then say \`moderato state accept\` once Moderato runs.`,
    )
  }
  return {
    read,
    write({ epoch, revision, atMs }) {
      const text = seal.note(NAME, { epoch, revision, atMs })
      if (text === written) return
      try {
        // Not flushed: only a power failure forgets it, and then less is known.
        writeFileSync(`${path}.new`, text, { mode: 0o600 })
        renameSync(`${path}.new`, path)
        written = text
      } catch {
        // A full disk also stops the audit log, and with it every change.
      }
    },
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
