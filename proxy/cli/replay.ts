/** Implements `moderato replay`: tries another configuration on recorded calls before it is used. */
import { loadConfig } from '../config/load.ts'
import { errorMessage } from '../core/error-message.ts'
import { quoteUntrusted } from '../core/quote-untrusted.ts'
import { replay, type ReplayReport } from '../replay/replay.ts'
import type { Sum } from '../replay/tally.ts'
import { missing, withArguments, type Given, type Io } from './verb.ts'

const USAGE = `usage: moderato replay AUDIT_DIR --config NEW [--baseline OLD] [--check] [--json]

Decides and paces every recorded call again, with the policy and pace of NEW and a simulated clock. For each agent and class
it prints how many calls would wait, be throttled or denied, next to what the log says or what OLD would do.
With --check the exit code is 1 if a call that is denied now would be allowed.

${notReplayed()}`

const OPTIONS = {
  config: { type: 'string' },
  baseline: { type: 'string' },
  check: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

function notReplayed(): string {
  return `A call that people approved counts as approved; any other call that needs approval counts as refused.
Break-glass, approvals that let a call skip its pace, and paces that a watcher slowed are replayed as they were recorded.
Counted apart: openings of tasks, requests to Moderato itself, calls that may have other classes because class overrides or
guarded tags differ, approvals that a watcher demanded, findings of watchers, and refusals that depended on the moment.
Not replayed: signatures, freezes by people, quarantines, revocations, limits of the listeners. Calls that clients repeated
after a refusal are replayed as sent.
`
}

export function run(args: readonly string[], io: Io): Promise<number> {
  return withArguments({ usage: USAGE, options: OPTIONS }, args, io, (given) => replayed(given, io))
}

async function replayed({ values, positionals }: Given<typeof OPTIONS>, io: Io) {
  const [dir, ...rest] = positionals
  const { config, baseline, json, check } = values
  if (dir === undefined || rest.length > 0) return { wrong: 'give one folder: the folder audit in stateDir' }
  if (config === undefined) return missing('config')
  try {
    const old = baseline === undefined ? undefined : loadConfig(baseline).config
    const report = await replay(dir, loadConfig(config).config, old)
    io.stdout.write(json === true ? `${JSON.stringify(report)}\n` : inWords(report, baseline !== undefined))
    return check === true && report.letThrough > 0 ? 1 : 0
  } catch (error) {
    io.stderr.write(`moderato: ${errorMessage(error)}\n`)
    return 1
  }
}

function inWords(report: ReplayReport, hasBaseline: boolean): string {
  const { calls, from, to, rows, letThrough, stopped, differences, underBreakglass, ...apart } = report
  const { skipped, unreadable, tasksUnknown, watchers } = apart
  if (from === undefined) return `no call to replay\n${notReplayed()}`
  const now = hasBaseline ? 'before' : 'now'
  const lines = rows.flatMap((row) => [
    `${quoteUntrusted(row.agent)} ${row.class}, ${row.calls} calls`,
    `  ${now.padEnd(7)}${sumInWords(row.before)}`,
    `  ${'after'.padEnd(7)}${sumInWords(row.after)}`,
  ])
  const gaps = Object.entries(skipped).map(([why, count]) => `${count} (${why})`)
  const found = Object.entries(watchers).map(([detector, count]) => `${count} (${detector})`)
  return [
    `${calls} calls from ${from} to ${to}`,
    ...lines,
    `denied ${now}, would go: ${letThrough}; goes ${now}, would be denied: ${stopped}; differences in all: ${differences}`,
    ...(underBreakglass === 0 ? [] : [`calls while a break-glass was open: ${underBreakglass}`]),
    ...(found.length === 0 ? [] : [`findings of watchers, which are not made again: ${found.join(', ')}`]),
    ...(gaps.length === 0 ? [] : [`decisions that are not replayed: ${gaps.join(', ')}`]),
    ...(unreadable === 0 ? [] : [`lines that are not a complete record: ${unreadable}`]),
    ...(tasksUnknown === 0
      ? []
      : [
          `calls of tasks that were opened before the log starts: ${tasksUnknown}; replayed as if the task was not narrowed`,
        ]),
    notReplayed(),
  ].join('\n')
}

function sumInWords({ allowed, waited, waitP50Ms, waitMaxMs, throttled, denied, frozen }: Sum): string {
  const refused = Object.entries(denied).map(([reason, count]) => `${count} denied (${reason})`)
  const parts = [
    `${allowed - waited} at once`,
    ...(waited === 0 ? [] : [`${waited} waited, p50 ${seconds(waitP50Ms)}, at most ${seconds(waitMaxMs)}`]),
    ...(throttled === 0 ? [] : [`${throttled} throttled`]),
    ...refused,
    ...(frozen === 0 ? [] : [`${frozen} frozen`]),
  ]
  return parts.join('; ')
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}
