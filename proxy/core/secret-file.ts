/** Secrets that Moderato makes for itself at first start: 256 bits in a file that only its own user can read. */
import { randomBytes } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { makeOwnFolder } from './own-folder.ts'

const MIN_CHARACTERS = 32

/** The secret in a file, as text; made with mode 0600 if there is none. Throws if others can read the file. */
export function ownSecret(path: string): string {
  makeOwnFolder(dirname(path))
  try {
    writeFileSync(path, `${randomBytes(32).toString('base64url')}\n`, {
      flag: 'wx',
      mode: 0o600,
      flush: true,
    })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
  return readSecret(path)
}

/** A secret from a file that is its owner's alone. The message of an error never holds the secret. */
export function readSecret(path: string): string {
  const file = statSync(path, { throwIfNoEntry: false })
  if (file === undefined) throw new Error(`${path} is not there`)
  if ((file.mode & 0o077) !== 0) throw new Error(`${path} is open to other users: set its mode to 0600`)
  const secret = readFileSync(path, 'utf8').trim()
  if (secret.length >= MIN_CHARACTERS) return secret
  throw new Error(
    `${path} holds no secret of at least ${MIN_CHARACTERS} characters: delete it to have one made`,
  )
}
