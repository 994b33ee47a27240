/** Says where the index of an audit log is, whether it can be there, and what its errors mean. */
import { closeSync, constants, fstatSync, openSync, rmSync, statSync } from 'node:fs'
import { resolve } from 'node:path'

/** The file is of another version of Moderato. */
export class OtherVersion extends Error {
  override readonly name = 'OtherVersion'
}

/** SQLite's result codes for a file that is damaged: corrupt, no database; and that lacks what a query names. */
const DAMAGED = new Set([1, 11, 26])

/** Returns SQLite's result code; undefined if the error is not SQLite's. */
export function sqliteCode(error: unknown): number | undefined {
  const has = error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
  return has ? Number(error.errcode) & 0xff : undefined
}

/** Tells whether an error says that the file must be made anew. */
export function isDamage(error: unknown): boolean {
  return error instanceof OtherVersion || DAMAGED.has(sqliteCode(error) ?? 0)
}

/** Removes the index of a log's folder. */
export function removeIndex(dir: string): void {
  for (const end of ['', '-wal', '-shm']) rmSync(`${pathOf(dir)}${end}`, { force: true })
}

/** Returns the file's path. */
export function pathOf(dir: string): string {
  return `${resolve(dir)}-index.sqlite`
}

/** Tells whether the folder is this user's own: in any other, somebody else could have laid the index there. */
export function isOurs(dir: string): boolean {
  return statSync(dir, { throwIfNoEntry: false })?.uid === process.getuid?.()
}

/** Makes the file if there is none, for its owner alone. False if it cannot be made, or is not ours. */
export function makeOwn(path: string): boolean {
  try {
    const flags = constants.O_CREAT | constants.O_RDWR | constants.O_NOFOLLOW
    const file = openSync(path, flags, 0o600)
    try {
      return fstatSync(file).uid === process.getuid?.()
    } finally {
      closeSync(file)
    }
  } catch {
    return false
  }
}
