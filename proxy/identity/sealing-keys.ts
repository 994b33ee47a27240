/**
 * Reads the master keys that session tokens are sealed with, from a file of the owner's alone: one a line, `ID
 * BASE64URL`, the current one first. Replicas share the file (a secret that is mounted). To change keys without a
 * break, add the new one as the second line everywhere, then make it the first, then take the old one away when the
 * longest session is over. To throw every session of a key away at once, remove its line.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { makeOwnFolder } from '../core/own-folder.ts'
import { sealingKey, type SealingKey } from './sealed-token.ts'

export interface SealingKeys {
  /** Seals what is issued from now on. */
  readonly current: SealingKey
  find(id: string): SealingKey | undefined
  /** In the order of the file. */
  readonly ids: readonly string[]
}

const LINE = /^([A-Za-z0-9_-]{1,32}) ([A-Za-z0-9_-]{43})$/

/** Reads the file; made with one key, mode 0600, if there is none. Throws what is wrong with it, without its content. */
export function sealingKeys(path: string): SealingKeys {
  if (!existsSync(path)) writeKeys(path, [newKeyLine()])
  return readKeys(path)
}

function readKeys(path: string): SealingKeys {
  const keys = readKeyLines(path).map((line) => {
    const [, id = '', text = ''] = LINE.exec(line) ?? []
    return sealingKey(id, Buffer.from(text, 'base64url'))
  })
  const [current] = keys
  if (current === undefined) throw new Error(`${path} holds no key: delete it to have one made`)
  const byId = new Map(keys.map((key) => [key.id, key]))
  return { current, find: (id) => byId.get(id), ids: [...byId.keys()] }
}

/** Holds the keys of a file in force, which change with it. */
export class SealingKeyFile {
  readonly path: string
  #keys: SealingKeys

  /** Throws as `sealingKeys`. */
  constructor(path: string) {
    this.path = path
    this.#keys = sealingKeys(path)
  }

  readonly current = (): SealingKeys => this.#keys

  /** Reads the file anew. Throws for one that is bad or gone: then the keys stay as they were. */
  reload(): SealingKeys {
    return (this.#keys = readKeys(this.path))
  }
}

/** Returns the lines of the file, checked. */
export function readKeyLines(path: string): string[] {
  if ((statSync(path).mode & 0o077) !== 0)
    throw new Error(`${path} is open to other users: set its mode to 0600`)
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
  const ids = new Set<string>()
  for (const [index, line] of lines.entries()) {
    const id = LINE.exec(line)?.[1]
    if (id === undefined) {
      throw new Error(`${path}: line ${index + 1} is no key; write an id, a blank and 32 bytes in base64url`)
    }
    if (ids.has(id)) throw new Error(`${path}: the key id ${id} stands twice`)
    ids.add(id)
  }
  return lines
}

/** Replaces the file as a whole. */
export function writeKeys(path: string, lines: readonly string[]): void {
  makeOwnFolder(dirname(path))
  writeFileSync(`${path}.new`, `${lines.join('\n')}\n`, { mode: 0o600, flush: true })
  renameSync(`${path}.new`, path)
}

export function newKeyLine(): string {
  // In hex, since operators type ids, and none may begin with a hyphen.
  return `${randomBytes(6).toString('hex')} ${randomBytes(32).toString('base64url')}`
}
