/** Describes an approval as the ledger keeps it, and what may become of it. Pure. */
import { z } from 'zod'
import { momentMs } from '../core/moment.ts'

const texts = z.array(z.string()).readonly()

/** Describes a task to be opened: what it would be able to do, and what its agent says of it. */
const Opens = z.strictObject({
  /** Each grant or statement that bounds it; empty: whatever its agent may do. */
  may: texts,
  seconds: z.number(),
  role: z.string().optional(),
  intent: z.string(),
  justification: z.string(),
  ticket: z.string(),
})

/** Holds what the parsed request says, never the agent's prose; strings in it are the agent's all the same. */
const Facts = z.strictObject({
  service: z.string(),
  operation: z.string().nullable(),
  actions: texts,
  /** The first of them; `resourceCount` is how many there are. */
  resources: texts,
  resourceCount: z.number(),
  count: z.number(),
  class: z.string(),
  classes: texts,
  traits: texts,
  parameters: z.record(z.string(), z.union([z.boolean(), texts])).readonly(),
  method: z.string(),
  host: z.string(),
  region: z.string(),
  account: z.string().optional(),
  /** A request to be signed for somebody else: its type. */
  signs: z.string().optional(),
  opens: Opens.optional(),
})
export type ApprovalFacts = z.output<typeof Facts>

const PersonDecision = z.strictObject({
  person: z.string(),
  /** How they were known: their own token or certificate, or somebody trusted who passed it on. */
  channel: z.enum(['token', 'certificate', 'callback']),
  approve: z.boolean(),
  atMs: momentMs,
  reason: z.string().optional(),
  uses: z.number().int().min(1),
  skipPace: z.boolean(),
})
export type PersonDecision = z.output<typeof PersonDecision>

export const Approval = z.strictObject({
  agent: z.string(),
  /** What pending approvals are counted by. */
  root: z.string(),
  /** Who cannot approve it. */
  owner: z.string().optional(),
  /** In the agent's own words. */
  task: z.strictObject({ id: z.string(), says: z.string(), ticket: z.string() }).optional(),
  digest: z.string(),
  approvers: z.union([z.literal(1), z.literal(2)]),
  why: texts,
  facts: Facts,
  /** What the call acts on or has AWS read later; a change of one of them voids the approval. Only of opaque calls. */
  dependsOn: texts,
  askedAtMs: momentMs,
  decisions: z.array(PersonDecision).readonly(),
  used: z.number().int(),
  voided: z.strictObject({ atMs: momentMs, why: z.string() }).optional(),
})
export type Approval = z.output<typeof Approval>

export type Status = 'pending' | 'approved' | 'denied' | 'used' | 'void'

/** Returns what an approval is worth, where the call needs `approvers` people. One denial outweighs. */
export function statusOf(approval: Approval, approvers: number = approval.approvers): Status {
  if (approval.decisions.some(({ approve }) => !approve)) return 'denied'
  if (approval.voided !== undefined) return 'void'
  if (peopleOf(approval).size < approvers) return 'pending'
  return approval.used < grantedOf(approval).uses ? 'approved' : 'used'
}

/** Returns what all who approved agreed to: the fewest uses, and no pace only if each of them said so. */
export function grantedOf({ decisions }: Approval): { readonly uses: number; readonly skipPace: boolean } {
  return {
    uses: Math.min(...decisions.map(({ uses }) => uses)),
    skipPace: decisions.length > 0 && decisions.every(({ skipPace }) => skipPace),
  }
}

function peopleOf({ decisions }: Approval): ReadonlySet<string> {
  return new Set(decisions.map(({ person }) => person))
}

/** Says why a person may not decide so, for programs and for people; undefined if they may. */
export function objectionTo(
  approval: Approval,
  { person, approve }: Pick<PersonDecision, 'person' | 'approve'>,
): { readonly error: string; readonly message: string } | undefined {
  const status = statusOf(approval)
  // What was approved can still be taken back.
  if (status !== 'pending' && (approve || status !== 'approved'))
    return { error: 'already_decided', message: `This approval is ${status} already.` }
  if (approve && person === approval.owner)
    return {
      error: 'own_agent',
      message: 'You answer for this agent, so you cannot approve its calls: another person must.',
    }
  if (approve && peopleOf(approval).has(person))
    return { error: 'same_person', message: 'You have approved it already: a second person must.' }
  return undefined
}
