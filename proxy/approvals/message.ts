/** An approval in words, for people and for programs: facts of the parsed request, the agent's own words marked as such. */
import { statusOf, type Approval, type Status } from './approval.ts'
import type { Known } from './approvals.ts'
import { shown } from './shown.ts'

/** What every way of showing an approval shows. All text in it that an agent can choose went through `shown`. */
export interface ShownApproval {
  readonly id: string
  readonly status: Status
  readonly summary: string
  /** Name and value, in the order in which people should read them. */
  readonly facts: readonly (readonly [string, string])[]
  readonly irreversible: boolean
  readonly digest: string
  readonly approvers: number
  readonly expiresAt: string
  readonly decisions: readonly {
    readonly person: string
    readonly approve: boolean
    readonly at: string
    readonly reason?: string
  }[]
}

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

function factsOf({
  facts,
  agent,
  task,
  why,
  voided,
  used,
  approvers,
}: Approval): (readonly [string, string])[] {
  const more = facts.resourceCount - facts.resources.length
  const parameters = Object.entries(facts.parameters).map(
    ([name, value]) => `${name}${value === true ? '' : `: ${listed(value === false ? [] : value)}`}`,
  )
  return [
    ['operation', `${facts.service}:${facts.operation ?? 'unknown'}`],
    ['actions', facts.actions.join(', ')],
    ['resources', `${listed(facts.resources)}${more > 0 ? ` and ${more} more` : ''}`],
    ['things touched', String(facts.count)],
    ['classes', facts.classes.join(', ')],
    ['can be undone', facts.traits.includes('irreversible') ? 'NO' : 'not known to be irreversible'],
    ['traits', facts.traits.length === 0 ? 'none' : facts.traits.join(', ')],
    ...(parameters.length === 0 ? [] : [['parameters', parameters.join('; ')] as const]),
    ['region', shown(facts.region)],
    ['account', facts.account ?? 'that of the upstream credentials'],
    ['sent to', `${facts.method} ${shown(facts.host)}`],
    ...(facts.signs === undefined
      ? []
      : [['hands out', `a signed request (${facts.signs}) that works outside of Moderato`] as const]),
    ['agent', shown(agent)],
    [
      'needs',
      `${approvers === 1 ? 'one person' : 'two people'}, because: ${why.map((each) => shown(each)).join(' ')}`,
    ],
    ...(task === undefined
      ? []
      : [['the agent says (not checked)', shown(task.says, { prose: true })] as const]),
    ...(used === 0 ? [] : [['used', String(used)] as const]),
    ...(voided === undefined ? [] : [['void', shown(voided.why)] as const]),
  ]
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
