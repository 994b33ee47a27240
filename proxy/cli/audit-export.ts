/** Implements `moderato audit export`: records for other tools, with the head to which the chain was verified. */
import { verifyAudit } from '../audit/verify.ts'
import { VERSION } from '../core/version.ts'
import { CSV_HEADER, csvLine, ocsfEvent } from '../incident/export-formats.ts'
import type { FoundRecord } from '../audit/search/log-index.ts'
import { dirsGiven, withLogs } from './audit-logs.ts'
import { filterGiven, SEARCHED_OPTIONS, written } from './audit-search.ts'
import { tellingFailure } from './failure.ts'
import { withArguments, type Given, type Io, type Wrong } from './verb.ts'

const OPTIONS = {
  ...SEARCHED_OPTIONS,
  format: { type: 'string', default: 'jsonl' },
  config: { type: 'string' },
  rebuild: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

/** How each format writes a record; undefined leaves it out. */
const FORMATS: Readonly<Record<string, (found: FoundRecord) => string | undefined>> = {
  jsonl: ({ line }) => line,
  csv: ({ record }) => csvLine(record),
  ocsf({ record }) {
    const event = ocsfEvent(record, VERSION)
    return event && JSON.stringify(event)
  },
}

export function run(args: readonly string[], io: Io, usage: string): Promise<number> {
  return withArguments({ usage, options: OPTIONS }, args, io, (given) => exported(given, io))
}

async function exported({ values, positionals }: Given<typeof OPTIONS>, io: Io): Promise<number | Wrong> {
  const { format, config, rebuild, json: _, help: __, ...asked } = values
  const [, ...given] = positionals
  const lineOf = Object.hasOwn(FORMATS, format) ? FORMATS[format] : undefined
  if (lineOf === undefined) return { wrong: `--format must be ${Object.keys(FORMATS).join(', ')}` }
  const filter = filterGiven(asked)
  if ('wrong' in filter) return filter
  if (given.length > 0 && config !== undefined) return { wrong: 'give either DIR or --config, not both' }
  return tellingFailure(io, async () => {
    const dirs = await dirsGiven(given, config)
    return withLogs(dirs, { rebuild }, async (logs) => {
      let isWhole = true
      for (const dir of dirs) isWhole = (await verified(dir, io)) && isWhole
      if (format === 'csv') await written(`${CSV_HEADER}\r\n`, io)
      let leftOut = 0
      for (const found of logs.oldest(filter)) {
        const line = lineOf(found)
        if (line === undefined) leftOut += 1
        else await written(`${line}${format === 'csv' ? '\r\n' : '\n'}`, io)
      }
      if (leftOut > 0) io.stderr.write(`${leftOut} records are no calls: ${format} has no place for them\n`)
      return isWhole ? 0 : 1
    })
  })
}

/** Says on standard error up to which record the chain holds. */
async function verified(dir: string, io: Io): Promise<boolean> {
  const { ok, head, problems } = await verifyAudit(dir)
  const what = ok ? 'verified' : `NOT VERIFIED, ${problems.length} problems: moderato audit verify names them`
  io.stderr.write(`${dir}: ${what}; head ${head.seq}:${head.hash}\n`)
  return ok
}
