/** An approval in words, for people and for programs: facts of the parsed request, the agent's own words marked as such. */
import { z } from 'zod'
import { statusOf, type Approval } from './approval.ts'
import type { Known } from './known.ts'
import { shown } from './shown.ts'

/** What every way of showing an approval shows. All text in it that an agent can choose went through `shown`. */
export const ShownApproval = z.strictObject({
  id: z.string(),
  status: z.enum(['pending', 'approved', 'denied', 'used', 'void']),
  summary: z.string(),
  facts: z
    .array(z.tuple([z.string(), z.string()]))
    .describe('Name and value, in the order in which people should read them.'),
  irreversible: z.boolean(),
  digest: z.string(),
  approvers: z.int(),
  expiresAt: z.string(),
  decisions: z.array(
    z.strictObject({
      person: z.string(),
      approve: z.boolean(),
      at: z.string(),
      reason: z.string().optional(),
    }),
  ),
})
export type ShownApproval = z.output<typeof ShownApproval>

export function shownApproval({ id, approval, expiresAtMs }: Known): ShownApproval {
  const { facts, digest, approvers, decisions } = approval
  return {
    id,
    status: statusOf(approval),
    summary: `${facts.service}:${facts.operation ?? 'unknown'} (${facts.class}) by ${shown(approval.agent)}`,
    facts: factsOf(approval),
    irreversible: facts.traits.includes('irreversible'),
    digest,
    approvers,
    expiresAt: new Date(expiresAtMs).toISOString(),
    decisions: decisions.map(({ person, approve, atMs, reason }) => ({
      person,
      approve,
      at: new Date(atMs).toISOString(),
      ...(reason === undefined ? {} : { reason: shown(reason, { prose: true }) }),
    })),
  }
}

function factsOf(approval: Approval): [string, string][] {
  const { facts, agent, task, why, voided, used, approvers } = approval
  const more = facts.resourceCount - facts.resources.length
  const parameters = Object.entries(facts.parameters).map(([name, value]) =>
    typeof value === 'boolean' ? name : `${name}: ${listed(value)}`,
  )
  const lines: readonly (readonly [string, string | undefined])[] = [
    ['operation', `${facts.service}:${facts.operation ?? 'unknown'}`],
    ['actions', facts.actions.join(', ')],
    ['resources', `${listed(facts.resources)}${more > 0 ? ` and ${more} more` : ''}`],
    ['things touched', String(facts.count)],
    ['classes', facts.classes.join(', ')],
    ['can be undone', facts.traits.includes('irreversible') ? 'NO' : 'not known to be irreversible'],
    ['traits', facts.traits.length === 0 ? 'none' : facts.traits.join(', ')],
    ['parameters', parameters.length === 0 ? undefined : parameters.join('; ')],
    ['region', shown(facts.region)],
    ['account', facts.account ?? 'that of the upstream credentials'],
    ['sent to', `${facts.method} ${shown(facts.host)}`],
    ['hands out', facts.signs && `a signed request (${facts.signs}) that works outside of Moderato`],
    ['agent', shown(agent)],
    [
      'needs',
      `${approvers === 1 ? 'one person' : 'two people'}: ${why.map((each) => shown(each)).join(' ')}`,
    ],
    ['task', task && shown(task.id)],
    ['the agent says (not checked)', task && shown(task.says, { prose: true })],
    ['and names as ticket', task === undefined || task.ticket === '' ? undefined : shown(task.ticket)],
    ['used', used === 0 ? undefined : String(used)],
    ['void', voided && shown(voided.why)],
  ]
  return lines.flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, value]]))
}

function listed(texts: readonly string[]): string {
  return texts.length === 0 ? 'none' : texts.map((each) => shown(each)).join(', ')
}

/** For programs. */
export function jsonMessage(known: Known, url: string): object {
  return { type: 'approval_requested', url: `${url}#${known.id}`, ...shownApproval(known) }
}

const MAX_SLACK_TEXT = 2_900

/**
 * For an incoming webhook of Slack. Everything stands as plain text, and Slack's own signs are escaped besides; the link
 * shows the approval and decides nothing.
 */
export function slackMessage(known: Known, url: string): object {
  const { id, summary, facts } = shownApproval(known)
  const text = facts.map(([name, value]) => `${name}: ${value}`).join('\n')
  const plain = (each: string) => ({ type: 'plain_text', emoji: false, text: fitting(each) })
  return {
    text: `Moderato: approval ${id} waits for a person.`,
    blocks: [
      { type: 'section', text: plain(summary) },
      { type: 'section', text: plain(text) },
      {
        type: 'actions',
        elements: [{ type: 'button', text: plain('Look at it'), url: `${url}#${id}` }],
      },
    ],
  }
}

/** Slack's rule: these three, and no others. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** Slack counts what is escaped; what was cut off stands in the console. */
function fitting(text: string): string {
  let fits = text
  while (escaped(fits).length > MAX_SLACK_TEXT)
    fits = `${fits.slice(0, Math.floor(fits.length * 0.9)).toWellFormed()} ...`
  return escaped(fits)
}
