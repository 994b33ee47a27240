/** Implements `moderato config`: checks, shows, compares and reloads configurations, and makes tokens for people. */
import { accessSync, constants, existsSync } from 'node:fs'
import { sha256 } from '../operators/callers.ts'
import { ReloadAnswer } from '../admin/config-routes.ts'
import { describeConfig } from '../config/describe.ts'
import { loadCatalogue } from '../aws/catalogue/catalogue.ts'
import type { Finding } from '../config/checks/finding.ts'
import { whatHurts } from '../config/checks/hurts.ts'
import { configDiff, isReloaded, type Change } from '../config/diff.ts'
import { namedFiles, type NamedFile } from '../config/files.ts'
import { configJsonSchema } from '../config/json-schema.ts'
import { loadConfig } from '../config/load.ts'
import { ConfigError } from '../config/loaded.ts'
import { errorMessage } from '../core/error-message.ts'
import { ownSecret, readSecret } from '../core/secret-file.ts'
import { ADMIN_OPTIONS, ADMIN_USAGE, withAdmin } from './admin-client.ts'
import { withArguments, type Given, type Io } from './verb.ts'

const USAGE = `usage: moderato config check FILE   prints the problems of a configuration, and warnings (exit code 0)
       moderato config show FILE    prints every value and where it comes from; secrets are masked
       moderato config diff OLD NEW prints what differs, and which changes need a restart
       moderato config schema       prints the JSON Schema of the file, for editors
       moderato config reload       makes a running Moderato read its configuration again
       moderato config person-token FILE
         writes a token for a person to FILE (mode 0600; the person keeps it) and prints its tokenSha256 for admin.people
Each takes --json. For reload:
${ADMIN_USAGE}`

type Parsed = Given<typeof ADMIN_OPTIONS>

/** An Action is a subcommand with the number of files that it takes. */
interface Action {
  readonly files: number
  run(files: readonly string[], values: Parsed['values'], io: Io): number | Promise<number>
}

const ACTIONS: Readonly<Record<string, Action>> = {
  check: {
    files: 1,
    run([file = ''], { json }, io) {
      // What Moderato makes itself, and the socket of a program that may start later, need not be there.
      const { config } = loadConfig(file)
      const findings = namedFiles(config)
        .filter(({ kind }) => kind !== 'state' && kind !== 'socket')
        .flatMap(fileProblems)
      const { problems, warnings } = whatHurts(config, loadCatalogue())
      findings.push(...problems)
      if (findings.length > 0) throw new ConfigError(file, findings)
      if (json === true) io.stdout.write(`${JSON.stringify({ ok: true, findings: [], warnings })}\n`)
      else io.stdout.write(`${file}: good\n`)
      if (json !== true)
        for (const { path, message } of warnings) io.stderr.write(`warning: ${path}: ${message}\n`)
      return 0
    },
  },
  show: {
    files: 1,
    run([file = ''], { json }, io) {
      const lines = describeConfig(loadConfig(file))
      const words = lines.map(
        ({ path, value, source }) => `${path} = ${JSON.stringify(value) ?? 'unset'}  # ${source}\n`,
      )
      io.stdout.write(json === true ? `${JSON.stringify(lines)}\n` : words.join(''))
      return 0
    },
  },
  diff: {
    files: 2,
    run([before = '', after = ''], { json }, io) {
      const changes = configDiff(loadConfig(before).config, loadConfig(after).config)
      const told = changes.map((each) => ({ ...each, restart: !isReloaded(each.path) }))
      io.stdout.write(json === true ? `${JSON.stringify(told)}\n` : changes.map(inWords).join(''))
      return 0
    },
  },
  schema: {
    files: 0,
    run(_, __, io) {
      io.stdout.write(`${JSON.stringify(configJsonSchema(), null, 2)}\n`)
      return 0
    },
  },
  reload: {
    files: 0,
    run: (_, values, io) =>
      withAdmin(values, io, async (client) => {
        const answer = await client.post('/v1/reload', {}, ReloadAnswer)
        const words = `${answer.result}\n${answer.changes.map((each) => inWords(each as Change)).join('')}`
        io.stdout.write(values.json === true ? `${JSON.stringify(answer)}\n` : words)
        return 0
      }),
  },
  'person-token': {
    files: 1,
    run([file = ''], { json }, io) {
      // Whoever has the file acts as the person; the configuration has only the hash.
      const tokenSha256 = sha256(ownSecret(file)).toString('hex')
      io.stdout.write(
        json === true ? `${JSON.stringify({ tokenSha256 })}\n` : `tokenSha256: ${tokenSha256}\n`,
      )
      return 0
    },
  },
}

export function run(args: readonly string[], io: Io): Promise<number> {
  return withArguments({ usage: USAGE, options: ADMIN_OPTIONS }, args, io, (given) => act(given, io))
}

async function act({ values, positionals }: Parsed, io: Io) {
  const [name = '', ...files] = positionals
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined
  if (action?.files !== files.length) return 'wrong usage'
  try {
    return await action.run(files, values, io)
  } catch (error) {
    if (error instanceof ConfigError && values.json === true)
      io.stdout.write(`${JSON.stringify({ ok: false, findings: error.findings })}\n`)
    else if (error instanceof ConfigError) io.stderr.write(`${error.message}\n`)
    else io.stderr.write(`moderato: ${errorMessage(error)}\n`)
    return 1
  }
}

function fileProblems({ path, file, kind }: NamedFile): Finding[] {
  if (!existsSync(file)) return [{ path, message: `${file} does not exist` }]
  // Of TLS keys, TLS itself says what is wrong.
  if (kind !== 'secret' || !path.endsWith('File')) return []
  try {
    accessSync(file, constants.R_OK)
  } catch {
    // Moderato may run as another user.
    return []
  }
  try {
    readSecret(file, path === 'state.passwordFile' ? 1 : undefined)
    return []
  } catch (error) {
    return [{ path, message: errorMessage(error) }]
  }
}

function inWords({ path, before, after }: Change): string {
  const text = (value: unknown): string => JSON.stringify(value) ?? 'unset'
  return `${path}: ${text(before)} -> ${text(after)}${isReloaded(path) ? '' : '  # needs a restart'}\n`
}
