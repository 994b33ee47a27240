/** Finds out whether a failure is the disk's, and says so in words that tell operators what to do. */
import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'

/** SQLite's primary result codes (sqlite3.h). */
const SQLITE_IOERR = 10
const SQLITE_FULL = 13
/** With less than this, what SQLite calls an I/O error is a lack of space: for its shared memory, or its log. */
const HARDLY_ANY_BYTES = 128 * 1024

const WORDS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full: free some space, or move stateDir to a larger disk',
  EDQUOT: 'the disk quota is used up: free some space, or raise the quota',
  EROFS: 'the file system is read-only',
}

/** Returns what is wrong with the disk that holds `path`; undefined if the failure, or its causes, are of another kind. */
export function diskTrouble(path: string, failure: unknown): string | undefined {
  for (let error = failure; error instanceof Error; error = error.cause) {
    const code = codeOf(path, error)
    if (code !== undefined) return WORDS[code]
  }
  return undefined
}

function codeOf(path: string, error: Error): string | undefined {
  if ('code' in error && typeof error.code === 'string' && Object.hasOwn(WORDS, error.code)) return error.code
  if (!('errcode' in error) || typeof error.errcode !== 'number') return undefined
  const primary = error.errcode & 0xff
  if (primary === SQLITE_FULL) return 'ENOSPC'
  return primary === SQLITE_IOERR && freeBytes(path) < HARDLY_ANY_BYTES ? 'ENOSPC' : undefined
}

/** Returns the free bytes where the path is, or the nearest folder above it; Infinity if that cannot be told. */
function freeBytes(path: string): number {
  try {
    const { bavail, bsize } = statfsSync(path)
    return bavail * bsize
  } catch {
    return dirname(path) === path ? Infinity : freeBytes(dirname(path))
  }
}
