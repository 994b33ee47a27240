/** Implements `moderato audit timeline`: what a task, or an agent, did. */
import { momentGiven, WHEN } from '../audit/search/when.ts'
import { quoteUntrusted } from '../core/quote-untrusted.ts'
import { findTimeline, type Asking } from '../incident/find-timeline.ts'
import type { Timeline } from '../incident/timeline.ts'
import { ADMIN_OPTIONS } from './admin-client.ts'
import { withLogs } from './audit-logs.ts'
import { written } from './audit-search.ts'
import { Failure, tellingFailure } from './failure.ts'
import { happeningsInWords, summaryInWords } from './timeline-words.ts'
import { withArguments, type Given, type Io, type Wrong } from './verb.ts'

const OPTIONS = {
  agent: { type: 'string' },
  since: { type: 'string' },
  until: { type: 'string' },
  ...ADMIN_OPTIONS,
  rebuild: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const

export function run(args: readonly string[], io: Io, usage: string): Promise<number> {
  return withArguments({ usage, options: OPTIONS }, args, io, (given) => timeline(given, io))
}

async function timeline({ values, positionals }: Given<typeof OPTIONS>, io: Io): Promise<number | Wrong> {
  const { agent, since, until, config, rebuild, json } = values
  const given = positionals.slice(1)
  const task = agent === undefined ? given[0] : undefined
  const dirs = agent === undefined ? given.slice(1) : given
  if (agent === undefined && task === undefined) return { wrong: 'say whose: a TASK, or --agent ID' }
  if (dirs.length > 0 && config !== undefined) return { wrong: 'give either DIR or --config, not both' }
  if (values.admin !== undefined) {
    if (task === undefined || dirs.length > 0 || since !== undefined || until !== undefined)
      return {
        wrong: 'with --admin give a TASK alone; audit search --admin URL --agent ID finds calls of an agent',
      }
    const { timelineRemote } = await import('./audit-remote.ts')
    return timelineRemote(values, { task, json }, io)
  }
  const nowMs = Date.now()
  const sinceMs = since === undefined ? undefined : momentGiven(since, nowMs)
  const untilMs = until === undefined ? undefined : momentGiven(until, nowMs)
  if (since !== undefined && sinceMs === undefined) return { wrong: `--since must be ${WHEN}` }
  if (until !== undefined && untilMs === undefined) return { wrong: `--until must be ${WHEN}` }
  return tellingFailure(io, () =>
    withLogs(dirs, { config, rebuild }, async (logs) => {
      const found = foundOr(findTimeline(logs, { task, agent, sinceMs, untilMs }), { task, agent })
      return printTimeline(found, json, io)
    }),
  )
}

/** Prints a timeline; resolves with exit code 0. */
export async function printTimeline(found: Timeline, json: boolean, io: Io): Promise<number> {
  if (json) {
    await written(`${JSON.stringify(found)}\n`, io)
    return 0
  }
  await written(summaryInWords(found), io)
  for (const line of happeningsInWords(found)) await written(line, io)
  return 0
}

/** Returns what was found. Throws `Failure` where there is nothing: a name that is mistyped must not look harmless. */
export function foundOr(found: Timeline | undefined, { task, agent }: Asking): Timeline {
  if (found !== undefined) return found
  const what = task === undefined ? `agent ${quoteUntrusted(agent ?? '')}` : `task ${quoteUntrusted(task)}`
  throw new Failure(
    `the audit log has no record of ${what}: moderato audit search finds tasks by --agent or --resource`,
  )
}
