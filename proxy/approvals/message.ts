/** Tells people and programs of an approval: facts of the parsed request, the agent's own words marked as such. */
import { momentText } from '../core/moment.ts'
import { z } from 'zod'
import { statusOf, type ApprovalFacts } from './approval.ts'
import type { StoredApproval } from './stored-approval.ts'
import { factLines } from './fact-lines.ts'
import { quoteUntrusted } from '../core/quote-untrusted.ts'

/** Holds what every way of showing an approval shows. All text in it that an agent can choose went through `shown`. */
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

export function shownApproval({ id, approval, expiresAtMs }: StoredApproval): ShownApproval {
  const { facts, digest, approvers, decisions } = approval
  return {
    id,
    status: statusOf(approval),
    summary: `${whatOf(facts)} by ${quoteUntrusted(approval.agent)}`,
    facts: factLines(approval),
    irreversible: facts.traits.includes('irreversible'),
    digest,
    approvers,
    expiresAt: momentText(expiresAtMs),
    decisions: decisions.map(({ person, approve, atMs, reason }) => ({
      person,
      approve,
      at: momentText(atMs),
      ...(reason === undefined ? {} : { reason: quoteUntrusted(reason, { prose: true }) }),
    })),
  }
}

/** A task is known by what its agent says of it. */
function whatOf({ service, operation, class: label, opens }: ApprovalFacts): string {
  if (opens !== undefined) return `a task, in its words ${quoteUntrusted(opens.intent, { prose: true })},`
  return `${service}:${operation ?? 'unknown'} (${label})`
}

/** Returns the message for programs. */
export function jsonMessage(known: StoredApproval, url: string): object {
  return { type: 'approval_requested', url: `${url}#${known.id}`, ...shownApproval(known) }
}

const MAX_SLACK_TEXT = 2_900

/**
 * Returns the message for an incoming webhook of Slack. Everything stands as plain text, and Slack's own signs are
 * escaped besides; the link shows the approval and decides nothing.
 */
export function slackMessage(known: StoredApproval, url: string): object {
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
