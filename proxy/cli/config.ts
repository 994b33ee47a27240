/** `moderato config`: what is wrong with a configuration, what is in force, and tokens for people in it. */
import { parseArgs } from 'node:util'
import { sha256 } from '../admin/callers.ts'
import { ConfigError, describeConfig, loadConfig, type LoadedConfig } from '../config.ts'
import { ownSecret } from '../secret-file.ts'
import type { Io } from './verb.ts'

const USAGE = `usage: moderato config check FILE [--json]   says what is wrong
       moderato config show FILE [--json]    prints what is in force, and where each value comes from; secrets masked
       moderato config person-token FILE [--json]
         makes a token for a person in FILE (mode 0600; they keep it) and prints its tokenSha256 for admin.people
`

export async function run(args: readonly string[], io: Io): Promise<number> {
  const parsed = parse(args)
  if (parsed === undefined) {
    io.stderr.write(USAGE)
    return 2
  }
  const { values, positionals } = parsed
  const [action, file] = positionals
  if (values.help === true) {
    io.stdout.write(USAGE)
    return 0
  }
  if (file === undefined || positionals.length !== 2) {
    io.stderr.write(USAGE)
    return 2
  }
  if (action === 'person-token') return personToken(file, values.json, io)
  if (action !== 'check' && action !== 'show') {
    io.stderr.write(USAGE)
    return 2
  }
  let loaded: LoadedConfig
  try {
    loaded = loadConfig(file)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    if (values.json === true) io.stdout.write(`${JSON.stringify({ ok: false, findings: error.findings })}\n`)
    else io.stderr.write(`${error.message}\n`)
    return 1
  }
  io.stdout.write(action === 'check' ? checked(file, values.json) : shown(loaded, values.json))
  return 0
}

/** Whoever holds the file is the person; the configuration holds the hash alone. */
function personToken(file: string, json: boolean | undefined, io: Io): number {
  let tokenSha256: string
  try {
    tokenSha256 = sha256(ownSecret(file)).toString('hex')
  } catch (error) {
    io.stderr.write(`moderato: ${error instanceof Error ? error.message : String(error)}\n`)
    return 1
  }
  io.stdout.write(json === true ? `${JSON.stringify({ tokenSha256 })}\n` : `tokenSha256: ${tokenSha256}\n`)
  return 0
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: { json: { type: 'boolean' }, help: { type: 'boolean' } },
      allowPositionals: true,
    })
  } catch {
    return undefined
  }
}

function checked(file: string, json: boolean | undefined): string {
  return json === true ? `${JSON.stringify({ ok: true, findings: [] })}\n` : `${file}: good\n`
}

function shown(loaded: LoadedConfig, json: boolean | undefined): string {
  const lines = describeConfig(loaded)
  if (json === true) return `${JSON.stringify(lines)}\n`
  return lines
    .map(({ path, value, source }) => `${path} = ${JSON.stringify(value) ?? 'unset'}  # ${source}\n`)
    .join('')
}
