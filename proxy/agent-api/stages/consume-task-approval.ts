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

/** Takes the use of an approval that opens a task, of everybody who asks at once on every replica. */
export function consumeTaskApproval({ approvals }: { readonly approvals: Approvals }) {
  return function consumeTaskApproval<Exchange extends Ready>(
    exchange: Exchange,
  ): (Exchange & TaskApprovalConsumed) | Promise<Exchange & TaskApprovalConsumed> {
    const { taskGrant, agent } = exchange
    const { approved, before, need } = taskGrant ?? {}
    const passed = markTaskApprovalConsumed(exchange)
    // One that is only carried on was opened by its use.
    if (approved === undefined || need === undefined || approved.id === before?.approved?.id) return passed
    const spent = approvals.spend(approved.id, callKey(agent, approved.digest), need.approvers)
    return orStateUnavailable(spent, USE_NOT_RECORDED).then((isSpent) => {
      if (isSpent) return passed
      const words = `Approval ${approved.id} is of no use any more: another task was opened by it.`
      throw new Denial('approval_required', words, { approval: approved.id })
    })
  }
}
