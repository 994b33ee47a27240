/**
 * Finds what people said of something that needs them, and asks them if they said nothing yet. Denials tell the agent
 * what to do.
 */
import { Denial } from '../core/denial/denial.ts'
import type { RefusedBy } from '../core/denial/refused-by.ts'
import type { GivenApproval } from '../exchange/exchange.ts'
import type { Need } from '../exchange/approval-need.ts'
import type { Clock } from '../core/ports.ts'
import { orStateUnavailable } from '../state/or-state-unavailable.ts'
import { grantedOf, statusOf } from './approval.ts'
import type { Approvals, NewApproval } from './approvals.ts'
import type { RequiredApprovals } from './approval-request.ts'
import type { CallKey, StoredApproval } from './stored-approval.ts'
import { quoteUntrusted } from '../core/quote-untrusted.ts'

export interface ApprovalQuery {
  readonly key: CallKey
  readonly need: RequiredApprovals
  /** Returns what people are to be shown. */
  readonly asked: () => NewApproval
  /** Waits for people for as long as may be. Undefined: it is not held, or they have not decided. */
  readonly held?: () => Promise<GivenApproval | undefined>
}

export interface FindApprovalDeps {
  readonly approvals: Approvals
  /** Returns where people decide, for the agent to pass on. */
  readonly place: (id: string) => string
  readonly clock: Clock
}

export const USE_NOT_RECORDED = 'The use of an approval could not be recorded.'

export function isWanted(need: Need): need is RequiredApprovals {
  return need.approvers > 0
}

/** Returns what was approved; undefined if nobody has decided. Throws `approval_denied`. */
export function givenFor(
  { key, need }: Pick<ApprovalQuery, 'key' | 'need'>,
  approvals: Approvals,
): GivenApproval | undefined {
  const known = approvals.find(key, need.approvers)
  if (known === undefined) return undefined
  refuseDenied(known, need)
  if (statusOf(known.approval, need.approvers) !== 'approved') return undefined
  return { id: known.id, digest: key.digest, skipPace: grantedOf(known.approval).skipPace }
}

/** Throws `approval_denied`, with who and why, if a person refused it. */
export function refuseDenied({ id, approval }: StoredApproval, need: Need): void {
  const denied = approval.decisions.find((decision) => !decision.approve)
  if (denied === undefined) return
  const why =
    denied.reason === undefined ? 'gave no reason' : `said ${quoteUntrusted(denied.reason, { prose: true })}`
  throw new Denial('approval_denied', `${denied.person} refused approval ${id} and ${why}.`, {
    approval: id,
    ...askedBy(need),
  })
}

/**
 * Asks for it. Denials: `approval_required` with the id of an approval that waits, `approval_denied`, `approvals_full`,
 * `state_unavailable`.
 */
export async function askFor(sought: ApprovalQuery, deps: FindApprovalDeps): Promise<GivenApproval> {
  const { need } = sought
  const known = await orStateUnavailable(
    deps.approvals.ask(sought.asked()),
    'An approval could not be asked for.',
  )
  if (known === undefined) throw new Denial('approvals_full', need.why.join(' '), askedBy(need))
  const given = givenFor(sought, deps.approvals) ?? (await sought.held?.())
  if (given !== undefined) return given
  throw required(known, need, deps)
}

/** Names the rules that ask, in the options of a Denial. */
export function askedBy({ rules = [] }: Need): { readonly by?: RefusedBy } {
  return rules.length === 0 ? {} : { by: { kind: 'approval', rules } }
}

function required(
  { id, approval, expiresAtMs }: StoredApproval,
  need: RequiredApprovals,
  { place, clock }: FindApprovalDeps,
): Denial {
  const { decisions, askedAtMs } = approval
  const people = need.approvers === 1 ? 'one person' : 'two people'
  const minutes = Math.max(1, Math.round((expiresAtMs - clock.nowMs()) / 60_000))
  const isNew = decisions.length === 0 && clock.nowMs() - askedAtMs < 1_000
  return new Denial(
    'approval_required',
    `${need.why.join(' ')} Approval ${id} ${isNew ? 'was asked for' : 'still waits'}: it needs ${people}` +
      `${decisions.length === 0 ? '' : ', one has approved'}. ${place(id)} It is good for ${minutes} more min.`,
    { approval: id, ...askedBy(need) },
  )
}
