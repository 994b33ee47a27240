import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes a folder that only its own user can enter, and those above it; one that is there stays as it is. One by one:
 * where nothing can be made (`/proc/moderato`), Node's `recursive` tries for ever.
 */
export function makeOwnFolder(path: string): void {
  if (existsSync(path)) return
  if (dirname(path) !== path) makeOwnFolder(dirname(path))
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    // Others may make it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}
