/** Approval by people of a task before it is opened, where policy wants it. */
import type { Session } from '../../core/agent.ts'
import type { OwnerOf } from '../../approvals/approval-request.ts'
import { callKey } from '../../approvals/stored-approval.ts'
import { askFor, givenFor, isWanted, type FindApprovalDeps } from '../../approvals/find-approval.ts'
import type { ApprovedTask, TaskGrant } from '../../exchange/task-opening.ts'
import type { Revocations } from '../../identity/revocations.ts'
import { markTaskApproved, type TaskApproved, type TaskAuthorized } from '../../exchange/facts.ts'
import type { AgentRequested } from '../agent-request.ts'
import { newTaskApproval, taskDigest } from '../task-approval.ts'

export interface ApproveTaskDeps extends FindApprovalDeps {
  readonly revocations: Pick<Revocations, 'of'>
  readonly ownerOf: OwnerOf
}

/**
 * Lets a task be opened that nobody needs to approve, or that people have approved as it is: what it may do, for how
 * long, under which role, and in which words of its agent; under which name does not matter. One that is carried on, as
 * SDKs do, needs no further approval and ends when the approved one does; not if it was revoked meanwhile. An opening is
 * never held: the agent asks again. Denials: those of `askFor`, and `unapprovable`.
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
    const sought = {
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
    const given = givenFor(sought, deps.approvals)
    return given === undefined ? askFor(sought, deps).then(approved) : approved(given)
  }
}

/** Whether somebody has ended, since it was opened, what people approved. */
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
