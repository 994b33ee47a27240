/** Approval by people of a task before it is opened, where policy wants it: the stages that ask for it and that spend it. */
import type { Session } from '../core/agent.ts'
import type { Approvals } from '../approvals/approvals.ts'
import type { OwnerOf } from '../approvals/approval-request.ts'
import { callKey } from '../approvals/stored-approval.ts'
import {
  askFor,
  givenFor,
  isWanted,
  USE_NOT_RECORDED,
  type FindApprovalDeps,
} from '../approvals/find-approval.ts'
import { Denial } from '../core/denial/denial.ts'
import type { ApprovedTask, TaskGrant } from '../exchange/task-opening.ts'
import type { Revocations } from '../identity/revocations.ts'
import { orStateUnavailable } from '../state/or-state-unavailable.ts'
import type { AskingExchange } from './agent-request.ts'
import { newTaskApproval, taskDigest } from './task-approval.ts'

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
  return function approve<Exchange extends AskingExchange>(exchange: Exchange): Exchange | Promise<Exchange> {
    const { opening } = exchange
    if (opening === undefined || !isWanted(opening.need)) return exchange
    const { session, durationSeconds, need } = opening
    const digest = taskDigest(opening)
    const before = opening.before?.approved
    if (before?.digest === digest && !wasRevoked(session, before, deps)) {
      return { ...exchange, opening: withApproved(opening, before) }
    }
    const sought = {
      key: callKey(exchange.agent, digest),
      need,
      asked: () => newTaskApproval(exchange, opening, digest, need, deps.ownerOf),
    }
    const { issuedAtMs: openedAtMs } = session
    const untilMs = openedAtMs + durationSeconds * 1000
    const approved = ({ id }: { readonly id: string }): Exchange => ({
      ...exchange,
      opening: withApproved(opening, { id, digest, openedAtMs, untilMs }),
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

function withApproved(opening: TaskGrant, approved: ApprovedTask): TaskGrant {
  const { session } = opening
  const expiresAtMs = Math.min(session.expiresAtMs, approved.untilMs)
  return { ...opening, session: { ...session, expiresAtMs }, approved }
}

/** Takes the use of an approval that opens a task, of everybody who asks at once on every replica. */
export function spendTask({ approvals }: { readonly approvals: Approvals }) {
  return function spend<Exchange extends AskingExchange>(exchange: Exchange): Exchange | Promise<Exchange> {
    const { opening, agent } = exchange
    const { approved, before, need } = opening ?? {}
    // One that is only carried on was opened by its use.
    if (approved === undefined || need === undefined || approved.id === before?.approved?.id) return exchange
    const spent = approvals.spend(approved.id, callKey(agent, approved.digest), need.approvers)
    return orStateUnavailable(spent, USE_NOT_RECORDED).then((isSpent) => {
      if (isSpent) return exchange
      const words = `Approval ${approved.id} is of no use any more: another task was opened by it.`
      throw new Denial('approval_required', words, { approval: approved.id })
    })
  }
}
