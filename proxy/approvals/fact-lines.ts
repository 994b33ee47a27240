/** Shows an approval to people, line by line. All text that an agent can choose goes through `shown`. */
import type { Approval, ApprovalFacts } from './approval.ts'
import { quoteUntrusted } from '../core/quote-untrusted.ts'

type Line = readonly [name: string, value: string | undefined]

/** A justification is what people decide by: more of it is shown than of a name. */
const MAX_WORDS = 2048

/** Returns lines of name and value, in the order in which people should read them. */
export function factLines(approval: Approval): [string, string][] {
  const { facts, agent, task, why, voided, used, approvers } = approval
  const agentLine: Line = ['agent', quoteUntrusted(agent)]
  const lines: readonly Line[] = [
    ['operation', `${facts.service}:${facts.operation ?? 'unknown'}`],
    ...(facts.opens === undefined ? [...ofCall(facts), agentLine] : [agentLine, ...ofTask(facts.opens)]),
    [
      'needs',
      `${approvers === 1 ? 'one person' : 'two people'}: ${why.map((each) => quoteUntrusted(each)).join(' ')}`,
    ],
    ['task', task && quoteUntrusted(task.id)],
    ...words(facts.opens ?? (task && { intent: task.says, justification: '', ticket: task.ticket })),
    ['used', used === 0 ? undefined : String(used)],
    ['void', voided && quoteUntrusted(voided.why)],
  ]
  return lines.flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, value]]))
}

function ofCall(facts: ApprovalFacts): readonly Line[] {
  const more = facts.resourceCount - facts.resources.length
  const parameters = Object.entries(facts.parameters).map(([name, value]) =>
    typeof value === 'boolean' ? name : `${name}: ${listed(value)}`,
  )
  return [
    ['actions', facts.actions.join(', ')],
    ['resources', `${listed(facts.resources)}${more > 0 ? ` and ${more} more` : ''}`],
    ['things touched', String(facts.count)],
    ['classes', facts.classes.join(', ')],
    ['can be undone', facts.traits.includes('irreversible') ? 'NO' : 'not known to be irreversible'],
    ['traits', facts.traits.length === 0 ? 'none' : facts.traits.join(', ')],
    ['parameters', parameters.length === 0 ? undefined : parameters.join('; ')],
    ['region', quoteUntrusted(facts.region)],
    ['account', facts.account ?? 'that of the upstream credentials'],
    ['sent to', `${facts.method} ${quoteUntrusted(facts.host)}`],
    ['hands out', facts.signs && `a signed request (${facts.signs}) that works outside of Moderato`],
  ]
}

type Opens = NonNullable<ApprovalFacts['opens']>

/** What the task may do comes last: it is the longest, and of a message that is cut short the end is missing. */
function ofTask({ may, seconds, role }: Opens): readonly Line[] {
  return [
    ['for', `${Math.ceil(seconds / 60)} min, each time that it is opened`],
    ['as the role', role && quoteUntrusted(role)],
    ['the task may', may.length === 0 ? 'do all that its agent may' : listed(may)],
  ]
}

function words(said: Pick<Opens, 'intent' | 'justification' | 'ticket'> | undefined): readonly Line[] {
  if (said === undefined) return []
  const prose = { prose: true, max: MAX_WORDS }
  return [
    ['the agent says (not checked)', quoteUntrusted(said.intent, prose)],
    ['and why', said.justification === '' ? undefined : quoteUntrusted(said.justification, prose)],
    ['and names as ticket', said.ticket === '' ? undefined : quoteUntrusted(said.ticket)],
  ]
}

function listed(texts: readonly string[]): string {
  return texts.length === 0 ? 'none' : texts.map((each) => quoteUntrusted(each)).join(', ')
}
