/** Makes and reads Moderato's own secrets: 256 bits, made at first start, in a file that only its own user can read. */
import { randomBytes } from 'node:crypto'
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { diskTrouble } from './disk.ts'
import { errorMessage } from './error-message.ts'
import { makeOwnFolder } from './own-folder.ts'

const MIN_CHARACTERS = 32

/** Returns the secret in a file as text; makes the file with mode 0600 if it is missing. Throws if others can read it. */
export function ownSecret(path: string): string {
  makeOwnFolder(dirname(path))
  try {
    writeFileSync(path, `${randomBytes(32).toString('base64url')}\n`, {
      flag: 'wx',
      mode: 0o600,
      flush: true,
    })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw unwritten(path, error)
  }
  return readSecret(path)
}

/** Removes what was begun: the next start would take it for a secret that is too short. */
function unwritten(path: string, cause: unknown): Error {
  rmSync(path, { force: true })
  return new Error(`${path} cannot be written: ${diskTrouble(path, cause) ?? errorMessage(cause)}`, { cause })
}

/**
 * Reads a secret from a file that only its owner can read; throws otherwise. No error message holds the secret. A password of
 * another program may be as short as that program allows: give `minCharacters` then.
 */
export function readSecret(path: string, minCharacters = MIN_CHARACTERS): string {
  const file = statSync(path, { throwIfNoEntry: false })
  if (file === undefined) throw new Error(`${path} does not exist`)
  if ((file.mode & 0o077) !== 0) throw new Error(`${path} is open to other users: set its mode to 0600`)
  const secret = readFileSync(path, 'utf8').trim()
  if (secret.length >= minCharacters) return secret
  if (secret === '') throw new Error(`${path} is empty`)
  throw new Error(
    `the secret in ${path} has fewer than ${minCharacters} characters: make one with openssl rand -base64 33`,
  )
}
