import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes a folder that only its own user can enter, and its missing parents; an existing one is not changed. It makes
 * them one by one: where none can be made (`/proc/moderato`), Node's `recursive` never ends.
 */
export function makeOwnFolder(path: string): void {
  if (existsSync(path)) return
  if (dirname(path) !== path) makeOwnFolder(dirname(path))
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    // Another process may have made it in the meantime.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}
