/** Checks an approval for the last time and consumes it for exactly the call that leaves now (rules S4, S17). */
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

/** Declares what `consumeApproval` needs. */
export interface ConsumeApprovalDeps {
  readonly approvals: Approvals
  readonly inFlight: InFlightChanges
}

/**
 * Consumes the approval of a call. A change first voids the approvals of opaque calls that depend on what it may reach.
 * Denials: `approval_required` if the approval was used, or if something that it depends on is being changed;
 * `state_unavailable`.
 */
export function consumeApproval(deps: ConsumeApprovalDeps) {
  return function consumeApproval<Exchange extends Paced>(
    exchange: Exchange,
  ): MaybePromise<Exchange & ApprovalConsumed> {
    const { call, approval } = exchange
    if (!changesState(call.classes) && approval === undefined) return markApprovalConsumed(exchange)
    return orStateUnavailable(consume(exchange, deps), USE_NOT_RECORDED)
  }
}

async function consume<Exchange extends Paced>(
  exchange: Exchange,
  deps: ConsumeApprovalDeps,
): Promise<Exchange & ApprovalConsumed> {
  const { requestId, call, approval } = exchange
  if (changesState(call.classes)) await deps.inFlight.begin({ requestId, call, digest: approval?.digest })
  if (approval !== undefined && !(await take(exchange, approval, deps))) throw notUsable(approval)
  return markApprovalConsumed(exchange)
}

/** Takes the use of an approval; returns false if it cannot be used any more. */
async function take(
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

function notUsable({ id }: GivenApproval): Denial {
  return new Denial(
    'approval_required',
    `Approval ${id} cannot be used any more: another call has used it, or something that it depends on has changed.`,
    { approval: id },
  )
}
