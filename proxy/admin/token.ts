/** The admin token: 256 bits, made at first start, readable by the proxy's user alone (rule S6). */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const MIN_CHARACTERS = 32

/** The token in `<stateDir>/admin-token`, made with mode 0600 if there is none. Throws if others can read the file. */
export function adminToken(stateDir: string): string {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  const path = join(stateDir, 'admin-token')
  try {
    writeFileSync(path, `${randomBytes(32).toString('base64url')}\n`, {
      flag: 'wx',
      mode: 0o600,
      flush: true,
    })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
  return readTokenFile(path)
}

/** A token from a file that is its owner's alone. The message of an error never holds the token. */
export function readTokenFile(path: string): string {
  if ((statSync(path).mode & 0o077) !== 0)
    throw new Error(`${path} is open to other users: set its mode to 0600`)
  const token = readFileSync(path, 'utf8').trim()
  if (token.length >= MIN_CHARACTERS) return token
  throw new Error(
    `${path} holds no token of at least ${MIN_CHARACTERS} characters: delete it to have one made`,
  )
}
