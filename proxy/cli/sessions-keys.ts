/** Implements `moderato sessions keys`: edits the file of sealing keys, which a running Moderato watches. */
import { join } from 'node:path'
import { ConfigError } from '../config/loaded.ts'
import { newKeyLine, readKeyLines, writeKeys } from '../identity/sealing-keys.ts'
import type { Io } from './verb.ts'

export const KEYS_USAGE = `       moderato sessions keys list | add | promote ID | remove ID [--now]   (--config FILE | --file FILE)
         manages the keys that seal the credentials of tasks; a running Moderato reads the changed file by itself.
         To rotate without interruption: add, copy the file to every replica, promote, copy it again, and remove the old
         key when the longest task has ended. In an emergency: remove ID --now ends at once every session sealed with
         that key, also if it is the current one.
`

/** Holds the arguments of `moderato sessions` that manage keys. */
export interface KeysArgs {
  readonly positionals: readonly string[]
  readonly values: {
    readonly file?: string | undefined
    readonly config?: string | undefined
    readonly now?: boolean | undefined
    readonly json?: boolean | undefined
  }
}

interface Keys {
  readonly lines: readonly string[]
  readonly words: string
}

/** Runs the command; resolves with the exit code of a verb. It prints only ids, never keys. */
export async function runKeys({ positionals, values }: KeysArgs, io: Io): Promise<number> {
  const [, action = '', id, ...rest] = positionals
  const takesId = action === 'promote' || action === 'remove'
  const place = values.file ?? values.config
  if (
    !['list', 'add', 'promote', 'remove'].includes(action) ||
    rest.length > 0 ||
    takesId !== (id !== undefined) ||
    place === undefined
  ) {
    io.stderr.write(`usage:\n${KEYS_USAGE}`)
    return 2
  }
  try {
    const file = values.file ?? (await fileOf(place))
    const before = readKeyLines(file)
    const { lines, words } = changed(action, before, id ?? '', values.now === true)
    if (lines.join('\n') !== before.join('\n')) writeKeys(file, lines)
    io.stdout.write(values.json === true ? `${JSON.stringify({ keys: lines.map(idOf) })}\n` : words)
    return 0
  } catch (error) {
    if (!(error instanceof Error)) throw error
    io.stderr.write(error instanceof ConfigError ? `${error.message}\n` : `moderato: ${error.message}\n`)
    return 1
  }
}

async function fileOf(config: string): Promise<string> {
  const { loadConfigOfRunning } = await import('../config/load.ts')
  const { identity, stateDir } = loadConfigOfRunning(config).config
  return identity.sealingKeys ?? join(stateDir, 'sealing-keys')
}

function changed(action: string, lines: readonly string[], id: string, now: boolean): Keys {
  if (action === 'list') {
    return {
      lines,
      words: lines.map((line, index) => `${idOf(line)}${index === 0 ? ' (current)' : ''}\n`).join(''),
    }
  }
  if (action === 'add') {
    const line = newKeyLine()
    return {
      lines: [...lines, line],
      words: `added ${idOf(line)}; it is not used until it is promoted\n`,
    }
  }
  const found = lines.find((line) => idOf(line) === id)
  if (found === undefined)
    throw new Error(`there is no key ${JSON.stringify(id)}: see moderato sessions keys list`)
  const others = lines.filter((line) => line !== found)
  if (action === 'promote') return { lines: [found, ...others], words: `${id} seals all new sessions\n` }
  if (found === lines[0] && !now) {
    throw new Error(
      `${id} is the current key: promote another key first, or use --now to end its sessions at once`,
    )
  }
  return {
    lines: others.length === 0 ? [newKeyLine()] : others,
    words: `removed ${id}: the sessions that it sealed have ended\n`,
  }
}

function idOf(line: string): string {
  return line.split(' ', 1)[0] ?? ''
}
