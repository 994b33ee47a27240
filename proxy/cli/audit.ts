/** Implements `moderato audit`: verifies, shows and searches the hash-chained record of every request. */
import { join } from 'node:path'
import type { Config } from '../config/schema/config.ts'
import { errorMessage } from '../core/error-message.ts'
import type { ChainHead } from '../audit/chain.ts'
import { tailAudit } from '../audit/tail.ts'
import { verifyAudit, type AuditVerdict } from '../audit/verify.ts'
import { auditLine } from './audit-line.ts'
import { EXPORT_USAGE, REMOTE_USAGE, SEARCH_USAGE, TIMELINE_USAGE } from './audit-usage.ts'
import { withArguments, type Given, type Io, type Verb, type Wrong } from './verb.ts'

const DEFAULT_DIR = '.moderato/audit'
const USAGE = `usage: moderato audit verify [DIR | --config FILE] [--head SEQ:HASH] [--json]
         checks the whole hash chain; with --head also that it still has the record of an earlier head;
         with --config, of the head that the state store noted last
       moderato audit tail [DIR | --config FILE] [--lines N] [--follow] [--json]
         prints the newest records; with --json as they are in the file
${SEARCH_USAGE}${TIMELINE_USAGE}${EXPORT_USAGE}
DIR is the folder audit in stateDir. --config FILE finds it in a configuration. The default is ${DEFAULT_DIR}.
${REMOTE_USAGE}`

export interface AuditVerbOptions {
  /** Ends `tail --follow`. */
  readonly signal?: AbortSignal
}

/** Commands with options of their own; loaded on use. */
const COMMANDS: Readonly<
  Record<string, () => Promise<(...given: [...Parameters<Verb>, usage: string]) => Promise<number>>>
> = {
  search: async () => (await import('./audit-search.ts')).run,
  export: async () => (await import('./audit-export.ts')).run,
  timeline: async () => (await import('./audit-timeline.ts')).run,
}

export async function run(args: readonly string[], io: Io, options: AuditVerbOptions = {}): Promise<number> {
  const [action = ''] = args
  const command = Object.hasOwn(COMMANDS, action) ? await COMMANDS[action]?.() : undefined
  if (command !== undefined) return command(args, io, USAGE)
  return withArguments({ usage: USAGE, options: OPTIONS }, args, io, (given) => {
    const command = commandOf(given)
    return typeof command === 'object' && 'action' in command ? act(command, io, options) : command
  })
}

async function act({ dir: given, config, json, head, ...tail }: Command, io: Io, options: AuditVerbOptions) {
  try {
    const settings = config === undefined ? undefined : await settingsOf(config)
    const dir = given ?? (settings === undefined ? DEFAULT_DIR : join(settings.stateDir, 'audit'))
    if (tail.action === 'verify') {
      const expected = head ?? (settings === undefined ? undefined : await headInStore(settings, io))
      return report(dir, await verifyAudit(dir, expected), json, io)
    }
    for await (const line of tailAudit(dir, { ...tail, signal: options.signal })) {
      io.stdout.write(`${json ? line : auditLine(line)}\n`)
    }
    return 0
  } catch (error) {
    io.stderr.write(`moderato audit: ${errorMessage(error)}\n`)
    return 1
  }
}

interface Command {
  readonly action: 'verify' | 'tail'
  readonly dir: string | undefined
  readonly config: string | undefined
  readonly json: boolean
  readonly head: ChainHead | undefined
  readonly follow: boolean
  readonly lines: number
}

const OPTIONS = {
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
  follow: { type: 'boolean', short: 'f', default: false },
  lines: { type: 'string', short: 'n', default: '20' },
  head: { type: 'string' },
  config: { type: 'string' },
} as const

function commandOf({ values, positionals }: Given<typeof OPTIONS>): Command | Wrong {
  const [action, dir, ...rest] = positionals
  const { config } = values
  const lines = /^\d{1,6}$/.test(values.lines) ? Number(values.lines) : undefined
  const head = headOf(values.head)
  if ((action !== 'verify' && action !== 'tail') || rest.length > 0) return 'wrong usage'
  if (lines === undefined) return { wrong: '--lines must be a number' }
  if (head === 'malformed') return { wrong: '--head must be SEQ:HASH, as moderato audit verify prints it' }
  if (dir !== undefined && config !== undefined) return { wrong: 'give either DIR or --config, not both' }
  return {
    action,
    dir,
    config,
    json: values.json,
    head,
    follow: values.follow,
    lines,
  }
}

/** Reads the settings; loaded on demand, since most commands start faster without. */
async function settingsOf(file: string): Promise<Config> {
  const { loadConfig } = await import('../config/load.ts')
  return loadConfig(file).config
}

/** Returns the head that the state store noted. Where it cannot be asked, that is said, and the log is verified by itself. */
async function headInStore(settings: Config, io: Io): Promise<ChainHead | undefined> {
  try {
    const { notedHead } = await import('./noted-head.ts')
    return await notedHead(settings)
  } catch (error) {
    io.stderr.write(`the head in the state store was not compared: ${errorMessage(error)}\n`)
    return undefined
  }
}

function headOf(text: string | undefined): ChainHead | undefined | 'malformed' {
  if (text === undefined) return undefined
  const match = /^([1-9]\d{0,15}):([0-9a-f]{64})$/.exec(text)
  return match === null ? 'malformed' : { seq: Number(match[1]), hash: match[2] ?? '' }
}

function report(dir: string, verdict: AuditVerdict, json: boolean, io: Io): number {
  if (json) {
    io.stdout.write(`${JSON.stringify(verdict)}\n`)
    return verdict.ok ? 0 : 1
  }
  const { records, segments, head, sealed, problems } = verdict
  for (const { segment, line, what } of problems) io.stderr.write(`${segment}:${line}: ${what}\n`)
  for (const { segment, offset, length } of sealed) {
    io.stdout.write(
      `${segment}: ${length} bytes torn by a crash at byte ${offset}, sealed by a later record\n`,
    )
  }
  const verified = verdict.ok ? 'verified' : `NOT VERIFIED, ${problems.length} problems`
  io.stdout.write(
    `${dir}: ${verified}: ${records} records in ${segments} segments, head ${head.seq}:${head.hash}\n`,
  )
  return verdict.ok ? 0 : 1
}
