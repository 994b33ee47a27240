/** Implements `moderato audit search`: which records of one or more audit logs fit. */
import { once } from 'node:events'
import { filterOf, type Asked } from '../audit/search/asked.ts'
import type { RecordFilter } from '../audit/search/filter.ts'
import { didYouMean } from '../core/did-you-mean.ts'
import { ADMIN_OPTIONS } from './admin-client.ts'
import { withLogs } from './audit-logs.ts'
import { tellingFailure } from './failure.ts'
import { recordInWords } from './record-words.ts'
import { USUAL_LIMIT } from './audit-usage.ts'
import { withArguments, type Given, type Io, type Wrong } from './verb.ts'

/** Lists the options of a search of records, for `parseArgs`. */
export const SEARCHED_OPTIONS = {
  task: { type: 'string' },
  agent: { type: 'string' },
  resource: { type: 'string' },
  operation: { type: 'string' },
  class: { type: 'string' },
  decision: { type: 'string' },
  reason: { type: 'string' },
  rule: { type: 'string' },
  since: { type: 'string' },
  until: { type: 'string' },
} as const

const OPTIONS = {
  ...SEARCHED_OPTIONS,
  ...ADMIN_OPTIONS,
  limit: { type: 'string' },
  rebuild: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const

export function run(args: readonly string[], io: Io, usage: string): Promise<number> {
  return withArguments({ usage, options: OPTIONS }, args, io, (given) => search(given, io))
}

async function search({ values, positionals }: Given<typeof OPTIONS>, io: Io): Promise<number | Wrong> {
  const { limit, config, rebuild, json, help: _, ...rest } = values
  const { admin, 'token-file': tokenFile, ca, cert, key, ...asked } = rest
  const [, ...dirs] = positionals
  const filter = filterGiven(asked)
  if ('wrong' in filter) return filter
  if (limit !== undefined && !/^[1-9]\d{0,8}$/.test(limit))
    return { wrong: '--limit must be a number from 1' }
  if (dirs.length > 0 && config !== undefined) return { wrong: 'give either DIR or --config, not both' }
  if (admin !== undefined) {
    if (dirs.length > 0) return { wrong: 'give either DIR or --admin, not both' }
    if (Number(limit ?? 1) > USUAL_LIMIT) return { wrong: `with --admin --limit is at most ${USUAL_LIMIT}` }
    const { searchRemote } = await import('./audit-remote.ts')
    const flags = { config, admin, 'token-file': tokenFile, ca, cert, key }
    return searchRemote(flags, { asked, limit: limit === undefined ? undefined : Number(limit), json }, io)
  }
  return tellingFailure(io, () =>
    withLogs(dirs, { config, rebuild }, async (logs) => {
      if (json && limit === undefined) {
        for (const { line } of logs.oldest(filter)) await written(`${line}\n`, io)
        return 0
      }
      const { found, more } = logs.newest({ filter, limit: Number(limit ?? USUAL_LIMIT) })
      for (const { line, record } of found) await written(json ? `${line}\n` : recordInWords(record), io)
      tellEnd({ found: found.length, more, json, resource: asked.resource }, io)
      return 0
    }),
  )
}

/** Returns the filter of the flags, or what is wrong with them. */
export function filterGiven(asked: Asked): RecordFilter | { readonly wrong: string } {
  const filter = filterOf(asked, Date.now())
  if (!('wrong' in filter)) return filter
  return { wrong: `--${filter.name}: ${filter.wrong}${didYouMean(filter.given, filter.known)}` }
}

/** Waits for a slow reader, so that little is held in memory. */
export async function written(text: string, { stdout }: Io): Promise<void> {
  if (!stdout.write(text)) await once(stdout, 'drain')
}

/** Says what the records alone do not: that there are older ones, or why there may be none. */
export function tellEnd(
  {
    found,
    more,
    json,
    resource,
  }: { found: number; more: boolean; json: boolean; resource: string | undefined },
  io: Io,
): void {
  if (more) io.stderr.write(`older records fit too: give a larger --limit than ${found}\n`)
  if (found === 0 && !json) io.stdout.write(`no record fits${hint(resource)}\n`)
}

function hint(resource: string | undefined): string {
  if (resource === undefined || resource.includes('*') || resource.startsWith('arn:')) return ''
  return `: resources are whole ARNs; try --resource '*${resource.replaceAll("'", '')}*'`
}
