/** Implements `moderato approvals`: lists the calls that wait for a person, and sends a person's decision. */
import { z } from 'zod'
import { ApprovalList } from '../admin/approval-routes.ts'
import { ShownApproval } from '../approvals/message.ts'
import { quoteUntrusted } from '../core/quote-untrusted.ts'
import { ADMIN_OPTIONS, ADMIN_USAGE, type AdminClient } from './admin-client.ts'
import { runAdminCommand, type AdminCommand } from './admin-command.ts'
import { unreadableLines } from './unreadable-lines.ts'
import { withArguments, type Given, type Io } from './verb.ts'

const USAGE = `usage: moderato approvals list [--all] [--json]
         the calls that wait for a person; with --all also the decided ones
       moderato approvals show ID [--json]
         the facts of one call; text of an agent is in quotes
       moderato approvals approve ID [--uses N] [--skip-pace] [--reason TEXT] [--json]
         allows N calls that are byte for byte as shown (default 1); with --skip-pace without a charge to the pace
       moderato approvals deny ID [--reason TEXT] [--json]
         refuses the call; also revokes an approval that is not used yet
       moderato approvals withdraw AGENT
         ends the rule that people must approve every change of this agent

Only a person can decide: give --token-file with the token of an entry in admin.people, or a certificate of a person.
${ADMIN_USAGE}`

const OPTIONS = {
  ...ADMIN_OPTIONS,
  all: { type: 'boolean' },
  uses: { type: 'string' },
  'skip-pace': { type: 'boolean' },
  reason: { type: 'string' },
} as const

export function run(args: readonly string[], io: Io): Promise<number> {
  return withArguments({ usage: USAGE, options: OPTIONS }, args, io, (given) =>
    runAdminCommand(errandOf(given), given.values, io),
  )
}

/** Returns the command; undefined for wrong usage. */
function errandOf({ values: flags, positionals }: Given<typeof OPTIONS>): AdminCommand | undefined {
  const [action, id, ...rest] = positionals
  const uses = flags.uses === undefined ? 1 : Number(flags.uses)
  if (rest.length > 0 || !Number.isSafeInteger(uses) || uses < 1) return undefined
  if (action === 'list') return id === undefined ? (client) => list(client, flags.all === true) : undefined
  if (id === undefined) return undefined
  const reason = flags.reason === undefined ? {} : { reason: flags.reason }
  const path = `/v1/approvals/${encodeURIComponent(id)}`
  switch (action) {
    case 'show':
      return (client) => one(client.get(path, ShownApproval))
    case 'approve':
      return (client) =>
        one(
          client.post(
            `${path}/approve`,
            { uses, skipPace: flags['skip-pace'] === true, ...reason },
            ShownApproval,
          ),
        )
    case 'deny':
      return (client) => one(client.post(`${path}/deny`, reason, ShownApproval))
    case 'withdraw':
      return async (client) => {
        await client.delete(`/v1/approvals/demands/${encodeURIComponent(id)}`, z.undefined())
        return { answer: { withdrawn: id }, words: 'The changes of this agent no longer need approval.\n' }
      }
    default:
      return undefined
  }
}

async function list(client: AdminClient, all: boolean) {
  const answer = await client.get(`/v1/approvals${all ? '' : '?status=pending'}`, ApprovalList)
  const { approvals, demands, unreadable } = answer
  const lines = [
    ...approvals.map(
      ({ id, status, expiresAt, summary }) => `${id}  ${status.padEnd(8)}  until ${expiresAt}  ${summary}`,
    ),
    ...demands.map(
      ({ agent, by, reason }) =>
        `every change of ${quoteUntrusted(agent)}, demanded by ${by}: ${quoteUntrusted(reason)}`,
    ),
    ...unreadableLines(unreadable).map((line) => line.trimEnd()),
  ]
  return { answer, words: `${lines.length === 0 ? 'Nothing waits for a person.' : lines.join('\n')}\n` }
}

async function one(asked: Promise<ShownApproval>) {
  const answer = await asked
  return { answer, words: inWords(answer) }
}

function inWords({ id, status, summary, facts, digest, expiresAt, decisions }: ShownApproval): string {
  const width = Math.max(...facts.map(([name]) => name.length))
  return [
    `${id}: ${status}, until ${expiresAt}`,
    summary,
    ...facts.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`),
    `  ${'digest'.padEnd(width)}  ${digest}`,
    ...decisions.map(
      ({ person, approve, at, reason }) =>
        `  ${approve ? 'approved' : 'denied'} by ${person} at ${at}${reason === undefined ? '' : `: ${reason}`}`,
    ),
    '',
  ].join('\n')
}
