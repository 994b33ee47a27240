/** The last look at an approval: one use is spent for exactly the call that leaves now, before it is signed anew (S4, S17). */
import { statusOf } from '../approvals/approval.ts'
import type { Approvals } from '../approvals/approvals.ts'
import { callKey } from '../approvals/stored-approval.ts'
import { digestOf } from '../approvals/digest.ts'
import type { InFlightChanges } from '../approvals/in-flight-changes.ts'
import { USE_NOT_RECORDED } from '../approvals/find-approval.ts'
import { changesState } from '../core/action-class.ts'
import { Denial } from '../core/denial/denial.ts'
import { markApprovalConsumed, type ApprovalConsumed } from '../exchange/facts.ts'
import type { MaybePromise } from '../core/maybe-promise.ts'
import type { GivenApproval, Paced } from '../exchange/exchange.ts'
import { orStateUnavailable } from '../state/or-state-unavailable.ts'

export interface ConsumeApprovalDeps {
  readonly approvals: Approvals
  readonly inFlight: InFlightChanges
}

/**
 * Denials: `approval_required` if the use is gone by now, or what it depends on changes just now; `state_unavailable`.
 * A change voids the approvals of opaque calls that depend on what it may reach, before it goes on.
 */
export function consumeApproval(deps: ConsumeApprovalDeps) {
  return function consumeApproval<Exchange extends Paced>(
    exchange: Exchange,
  ): MaybePromise<Exchange & ApprovalConsumed> {
    const { call, approval } = exchange
    if (!changesState(call.classes) && approval === undefined) return markApprovalConsumed(exchange)
    return orStateUnavailable(spent(exchange, deps), USE_NOT_RECORDED)
  }
}

async function spent<Exchange extends Paced>(
  exchange: Exchange,
  deps: ConsumeApprovalDeps,
): Promise<Exchange & ApprovalConsumed> {
  const { requestId, call, approval } = exchange
  if (changesState(call.classes)) await deps.inFlight.begin({ requestId, call, digest: approval?.digest })
  if (approval !== undefined && !(await isSpent(exchange, approval, deps))) throw lost(approval)
  return markApprovalConsumed(exchange)
}

async function isSpent(
  exchange: Paced,
  { id, digest }: GivenApproval,
  deps: ConsumeApprovalDeps,
): Promise<boolean> {
  const { approvals, inFlight } = deps
  const known = approvals.get(id)
  if (known === undefined || digestOf(exchange) !== digest) return false
  const { approval } = known
  if (inFlight.reaches(exchange.requestId, approval.dependsOn, approval.facts.service)) return false
  if (statusOf(approval) !== 'approved') return false
  return approvals.spend(
    id,
    callKey(exchange.agent, digest),
    Math.max(approval.approvers, exchange.decision.approvals),
  )
}

function lost({ id }: GivenApproval): Denial {
  return new Denial(
    'approval_required',
    `Approval ${id} is of no use any more: another call has spent it, or something that it depends on has changed.`,
    { approval: id },
  )
}
