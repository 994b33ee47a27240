/** Asks people to approve a task before it is opened, where policy wants it. */
import type { Session } from '../../core/agent.ts'
import type { OwnerOf } from '../../approvals/approval-request.ts'
import { callKey } from '../../approvals/stored-approval.ts'
import { askFor, givenFor, isWanted, type FindApprovalDeps } from '../../approvals/find-approval.ts'
import type { ApprovedTask, TaskGrant } from '../../exchange/task-opening.ts'
import type { Revocations } from '../../identity/revocations.ts'
import { markTaskApproved, type TaskApproved, type TaskAuthorized } from '../../exchange/facts.ts'
import type { AgentRequested } from '../agent-request.ts'
import { newTaskApproval, taskDigest } from '../task-approval.ts'

/** Declares what `approveTask` needs. */
export interface ApproveTaskDeps extends FindApprovalDeps {
  readonly revocations: Pick<Revocations, 'of'>
  readonly ownerOf: OwnerOf
}

/**
 * Lets a task be opened if nobody needs to approve it, or if people have approved it as it is: its rights, duration, role,
 * and the agent's own text; its name does not matter. A task that is continued, as SDKs do, needs no further approval and
 * ends when the approved one does, unless it was revoked meanwhile. An opening is never held: the agent asks again.
 * Denials: those of `askFor`, and `unapprovable`.
 */
export function approveTask(deps: ApproveTaskDeps) {
  return function approveTask<Exchange extends AgentRequested & TaskAuthorized>(
    exchange: Exchange,
  ): (Exchange & TaskApproved) | Promise<Exchange & TaskApproved> {
    const { taskGrant } = exchange
    if (taskGrant === undefined || !isWanted(taskGrant.need)) return markTaskApproved(exchange)
    const { session, durationSeconds, need } = taskGrant
    const digest = taskDigest(taskGrant)
    const before = taskGrant.before?.approved
    if (before?.digest === digest && !wasRevoked(session, before, deps)) {
      return markTaskApproved({ ...exchange, taskGrant: withApproved(taskGrant, before) })
    }
    const query = {
      key: callKey(exchange.agent, digest),
      need,
      asked: () => newTaskApproval(exchange, taskGrant, digest, need, deps.ownerOf),
    }
    const { issuedAtMs: openedAtMs } = session
    const untilMs = openedAtMs + durationSeconds * 1000
    const approved = ({ id }: { readonly id: string }) =>
      markTaskApproved({
        ...exchange,
        taskGrant: withApproved(taskGrant, { id, digest, openedAtMs, untilMs }),
      })
    const given = givenFor(query, deps.approvals)
    return given === undefined ? askFor(query, deps).then(approved) : approved(given)
  }
}

/** Tells whether the approved task was revoked since it was opened. */
function wasRevoked(
  session: Session,
  { openedAtMs }: ApprovedTask,
  { revocations }: ApproveTaskDeps,
): boolean {
  return revocations.of({ ...session, issuedAtMs: openedAtMs }) !== undefined
}

function withApproved(grant: TaskGrant, approved: ApprovedTask): TaskGrant {
  const { session } = grant
  const expiresAtMs = Math.min(session.expiresAtMs, approved.untilMs)
  return { ...grant, session: { ...session, expiresAtMs }, approved }
}
