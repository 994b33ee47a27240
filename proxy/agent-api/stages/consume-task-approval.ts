import type { Approvals } from '../../approvals/approvals.ts'
import { USE_NOT_RECORDED } from '../../approvals/find-approval.ts'
import { callKey } from '../../approvals/stored-approval.ts'
import { Denial } from '../../core/denial/denial.ts'
import {
  markTaskApprovalConsumed,
  type ProofClaimed,
  type TaskApprovalConsumed,
  type TaskApproved,
} from '../../exchange/facts.ts'
import { orStateUnavailable } from '../../state/or-state-unavailable.ts'
import type { AgentRequested } from '../agent-request.ts'

type Ready = AgentRequested & TaskApproved & ProofClaimed

/** Consumes the approval that opens a task; one request gets it, of all that come at once to any replica. */
export function consumeTaskApproval({ approvals }: { readonly approvals: Approvals }) {
  return function consumeTaskApproval<Exchange extends Ready>(
    exchange: Exchange,
  ): (Exchange & TaskApprovalConsumed) | Promise<Exchange & TaskApprovalConsumed> {
    const { taskGrant, agent } = exchange
    const { approved, before, need } = taskGrant ?? {}
    const passed = markTaskApprovalConsumed(exchange)
    // A task that is only continued has consumed its approval when it was opened.
    if (approved === undefined || need === undefined || approved.id === before?.approved?.id) return passed
    const spent = approvals.spend(approved.id, callKey(agent, approved.digest), need.approvers)
    return orStateUnavailable(spent, USE_NOT_RECORDED).then((isSpent) => {
      if (isSpent) return passed
      const detail = `Approval ${approved.id} cannot be used any more: another task was opened with it.`
      throw new Denial('approval_required', detail, { approval: approved.id })
    })
  }
}
