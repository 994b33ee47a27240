/** Implements `moderato breakglass`: a person lets an agent do more for a limited time, on record, and ends it. */
import type { z } from 'zod'
import { BreakglassAnswer, BreakglassList } from '../admin/breakglass-routes.ts'
import { quoteUntrusted } from '../core/quote-untrusted.ts'
import { ADMIN_OPTIONS, ADMIN_USAGE, type AdminClient } from './admin-client.ts'
import { runAdminCommand, type AdminCommand } from './admin-command.ts'
import { report } from './breakglass-report.ts'
import { unreadableLines } from './unreadable-lines.ts'
import { lacking, withArguments, type Given, type Io, type Wrong } from './verb.ts'

const USAGE = `usage: moderato breakglass open --agent ID --for 30m --reason TEXT --ticket ID [--class destructive ...]
                [--resource PATTERN ...] [--pace]
         needs the token of a person of admin.people; without --class and --resource it opens all that breakglass in the
         configuration allows; --pace also gives the agent the pace of breakglass
       moderato breakglass confirm ID     as a second person, if the configuration requires two
       moderato breakglass close ID       ends it now
       moderato breakglass list [--json]
       moderato breakglass report ID [--config FILE | --dir DIR ...] [--json]
         lists every call under it, from the audit log in stateDir, or from the folders of --dir (one for each replica);
         with --json one object a line: each call, then who opened it, why, and totals by class
${ADMIN_USAGE}`

const OPTIONS = {
  ...ADMIN_OPTIONS,
  agent: { type: 'string' },
  for: { type: 'string' },
  reason: { type: 'string' },
  ticket: { type: 'string' },
  class: { type: 'string', multiple: true },
  resource: { type: 'string', multiple: true },
  pace: { type: 'boolean' },
  dir: { type: 'string', multiple: true },
} as const

export function run(args: readonly string[], io: Io): Promise<number> {
  return withArguments({ usage: USAGE, options: OPTIONS }, args, io, (given) =>
    isReport(given)
      ? report(given.positionals[1] ?? '', given.values, io)
      : runAdminCommand(errandOf(given), given.values, io),
  )
}

type Parsed = Given<typeof OPTIONS>

function isReport({ values, positionals }: Parsed): boolean {
  const [action, id, ...rest] = positionals
  return action === 'report' && id !== undefined && rest.length === 0 && !saysWhat(values)
}

/** Tells whether a flag is given that only `open` takes. */
function saysWhat({
  agent,
  for: duration,
  reason,
  ticket,
  class: classes,
  resource,
  pace,
}: Parsed['values']) {
  return [agent, duration, reason, ticket, classes, resource, pace].some((each) => each !== undefined)
}

/** Returns the command; undefined for wrong usage. */
function errandOf({ values, positionals }: Parsed): AdminCommand | Wrong | undefined {
  const [action, id, ...rest] = positionals
  if (values.dir !== undefined || rest.length > 0) return undefined
  if (action === 'open') return id === undefined ? open(values) : undefined
  if (saysWhat(values)) return undefined
  if (action === 'list') return id === undefined ? list : undefined
  if (id === undefined) return undefined
  if (action === 'confirm') return confirm(id)
  return action === 'close' ? close(id) : undefined
}

function open(values: Parsed['values']): AdminCommand | Wrong {
  const { agent, for: duration, reason, ticket, class: classes, resource: resources, pace } = values
  const lacks = lacking({ agent, for: duration, reason, ticket })
  if (lacks !== undefined) return lacks
  const body = { agent, for: duration, reason, ticket, classes, resources, pace }
  return async (client) => {
    const answer = await client.post('/v1/breakglass', body, BreakglassAnswer)
    const next =
      answer.state === 'pending'
        ? `  a second person must confirm it: moderato breakglass confirm ${answer.id}\n`
        : ''
    return { answer, words: inWords(answer) + next }
  }
}

function confirm(id: string): AdminCommand {
  return async (client) => {
    const answer = await client.post(`/v1/breakglass/${encodeURIComponent(id)}/confirm`, {}, BreakglassAnswer)
    return { answer, words: inWords(answer) }
  }
}

function close(id: string): AdminCommand {
  return async (client) => {
    const answer = await client.delete(`/v1/breakglass/${encodeURIComponent(id)}`, BreakglassAnswer)
    return { answer, words: inWords(answer) }
  }
}

async function list(client: AdminClient) {
  const answer = await client.get('/v1/breakglass', BreakglassList)
  const words = [...answer.breakglasses.map(inWords), ...unreadableLines(answer.unreadable)].join('')
  return { answer, words: words === '' ? 'no break-glass is open\n' : words }
}

function inWords(each: z.output<typeof BreakglassAnswer>): string {
  const { id, state, agent, reason, ticket, classes, resources, until, openedBy, confirmedBy, closedBy } =
    each
  const people = confirmedBy === null ? openedBy : `${openedBy} and ${confirmedBy}`
  const end = closedBy === null ? `until ${until}` : `closed by ${closedBy} at ${each.closedAt}`
  return [
    `${id}: ${state} for ${agent}, ${end}`,
    `  by ${people}: ${quoteUntrusted(reason, { prose: true })}, ticket ${quoteUntrusted(ticket)}`,
    `  classes ${classes.join(', ')} on ${resources.map((name) => quoteUntrusted(name)).join(', ')}${each.pace ? ', and pace' : ''}`,
    '',
  ].join('\n')
}
