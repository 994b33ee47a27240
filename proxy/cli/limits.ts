/** Implements `moderato limits` and `moderato limits explain`: shows what is left of each budget, and why a call would wait. */
import { ExplainAnswer, LimitsAnswer } from '../admin/limits-routes.ts'
import { MAX_ARN, quoteUntrusted } from '../core/quote-untrusted.ts'
import { ADMIN_OPTIONS, ADMIN_USAGE } from './admin-client.ts'
import { runAdminCommand, type AdminCommand } from './admin-command.ts'
import { lacking, withArguments, type Given, type Io, type Wrong } from './verb.ts'

const USAGE = `usage: moderato limits [--agent ID] [--rule NAME] [--json]
                        lists the buckets that are not full: what is left, and when they are full again
       moderato limits explain --agent ID --class destructive [--class ...] [--count 1] [--service ec2]
                        [--region us-east-1] [--resource ARN ...] [--trait unbounded ...] [--task ID] [--root ID] [--json]
                        explains why the next such call would wait, with its turn in each bucket; it charges nothing
${ADMIN_USAGE}`

const OPTIONS = {
  ...ADMIN_OPTIONS,
  agent: { type: 'string' },
  rule: { type: 'string' },
  class: { type: 'string', multiple: true },
  trait: { type: 'string', multiple: true },
  resource: { type: 'string', multiple: true },
  count: { type: 'string' },
  service: { type: 'string' },
  region: { type: 'string' },
  task: { type: 'string' },
  root: { type: 'string' },
} as const

const NOT_ENFORCED =
  'OBSERVE MODE: nothing is enforced. This is what enforce mode would do; moderato_would_total counts it'

export function run(args: readonly string[], io: Io): Promise<number> {
  return withArguments({ usage: USAGE, options: OPTIONS }, args, io, (given) =>
    runAdminCommand(errandOf(given), given.values, io),
  )
}

/** Returns the command; undefined for wrong usage. */
function errandOf({ values, positionals }: Given<typeof OPTIONS>): AdminCommand | Wrong | undefined {
  const verb = positionals.join(' ')
  if (verb === '') return listed(values)
  if (verb !== 'explain') return undefined
  return lacking({ agent: values.agent, class: values.class }) ?? explained(values)
}

type Values = Given<typeof OPTIONS>['values']

function listed({ agent, rule }: Values): AdminCommand {
  return async (client) => {
    const answer = await client.get(`/v1/limits${query({ agent, rule })}`, LimitsAnswer)
    const words = answer.enforced ? [] : [NOT_ENFORCED]
    words.push(...answer.buckets.map((each) => bucketText(each, answer.nowMs)))
    if (answer.buckets.length === 0) words.push('every bucket is full')
    if (answer.more > 0) words.push(`and ${answer.more} more: name an --agent or a --rule`)
    words.push(`${answer.held} calls wait for their turn`)
    return { answer, words: `${words.join('\n')}\n` }
  }
}

function explained(values: Values): AdminCommand {
  const { agent, count, service, region, task, root } = values
  const path = `/v1/limits/explain${query({
    agent,
    count,
    service,
    region,
    task,
    root,
    classes: values.class?.join(','),
    traits: values.trait?.join(','),
    resources: values.resource === undefined ? undefined : JSON.stringify(values.resource),
  })}`
  return async (client) => {
    const answer = await client.get(path, ExplainAnswer)
    const { nowMs, ahead } = answer
    const words = [
      ...(answer.enforced ? [] : [NOT_ENFORCED]),
      verdictText(answer),
      ...answer.buckets.map((each) => {
        const slow = each.slowed > 1 ? `, slowed ${Number(each.slowed.toFixed(1))} times` : ''
        return `  ${bucketText(each, nowMs)}; counts ${each.weight}${slow}; ${turnText(each.turnAtMs, nowMs)}`
      }),
    ]
    if (ahead > 0)
      words.push(`  ${ahead} calls of this agent wait already and go first if they share a bucket`)
    return { answer, words: `${words.join('\n')}\n` }
  }
}

function query(given: Readonly<Record<string, string | undefined>>): string {
  const said = Object.entries(given).filter((each): each is [string, string] => each[1] !== undefined)
  return said.length === 0 ? '' : `?${new URLSearchParams(said).toString()}`
}

function verdictText({ verdict, turnAtMs, nowMs, maxWaitMs, limiting }: ExplainAnswer): string {
  switch (verdict) {
    case 'unpaced':
      return 'GOES  no rule that is enforced paces this call'
    case 'now':
      return 'GOES  at once'
    case 'held':
      return `WAITS ${turnText(turnAtMs, nowMs)}, for rule ${limiting}`
    case 'throttled':
      return `THROTTLED by rule ${limiting}: ${turnText(turnAtMs, nowMs)}, and it may be held for ${maxWaitMs / 1000} s`
    default:
      return `NEVER goes: it counts more than the burst of rule ${limiting}`
  }
}

function turnText(turnAtMs: number | null, nowMs: number): string {
  if (turnAtMs === null) return 'never'
  return turnAtMs <= nowMs ? 'goes now' : `${secondsText(turnAtMs - nowMs)}, at ${timeText(turnAtMs)}`
}

function bucketText(bucket: LimitsAnswer['buckets'][number], nowMs: number): string {
  const { rule, mode, per, rate, burst, level, fullAtMs } = bucket
  const key = Object.entries(per)
    .map(([name, value]) => (name === 'fleet' ? name : `${name} ${quoteUntrusted(value, { max: MAX_ARN })}`))
    .join(', ')
  const full = fullAtMs === null ? 'full' : `full in ${secondsText(fullAtMs - nowMs)}`
  return `${rule}${mode === 'observe' ? ' (observes)' : ''}  ${key}  ${level} of ${burst} left at ${rate}, ${full}`
}

function secondsText(ms: number): string {
  return `${Math.ceil(ms / 1000)} s`
}

function timeText(ms: number): string {
  return new Date(Math.ceil(ms)).toISOString()
}
