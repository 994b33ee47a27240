/** Approval by people of a task before it is opened, where policy wants it: the stages that ask for it and that spend it. */
import type { Approvals } from '../approvals/approvals.ts'
import type { OwnerOf } from '../approvals/asked.ts'
import { callKey } from '../approvals/known.ts'
import { askFor, givenFor, isWanted, type SeekDeps } from '../approvals/seek.ts'
import { Denial } from '../denial.ts'
import type { ApprovedTask } from '../identity/opening.ts'
import type { Tasks } from '../identity/tasks.ts'
import type { Ask, Asked } from './asked.ts'
import { newTaskApproval, taskDigest } from './task-approval.ts'

export interface ApproveTaskDeps extends SeekDeps {
  readonly tasks: Pick<Tasks, 'find'>
  readonly ownerOf: OwnerOf
}

type Open = Extract<Ask, { kind: 'open' }>

/**
 * Lets a task be opened that nobody needs to approve, or that people have approved as it is: what it may do, for how
 * long, under which role, and in which words of its agent; under which name does not matter. One that is carried on, as
 * SDKs do, needs no further approval and ends when the approved one does. An opening is never held: the agent asks again.
 */
export function approveTask(deps: ApproveTaskDeps) {
  return function approve<Exchange extends Asked>(exchange: Exchange): Exchange | Promise<Exchange> {
    const { ask } = exchange
    if (ask.kind !== 'open' || !isWanted(ask.opening.need)) return exchange
    const { session, durationSeconds, need } = ask.opening
    const digest = taskDigest(ask.opening)
    const { approved: before } = deps.tasks.find(session.root, session.task.id) ?? {}
    if (before?.digest === digest) return withApproved(exchange, ask, before)
    const sought = {
      key: callKey(exchange.agent, digest),
      need,
      asked: () => newTaskApproval(exchange, ask.opening, digest, need, deps.ownerOf),
    }
    const approved = ({ id }: { readonly id: string }): Exchange => {
      const untilMs = session.issuedAtMs + durationSeconds * 1000
      return { ...withApproved(exchange, ask, { id, digest, untilMs }), opensBy: id }
    }
    const given = givenFor(sought, deps.approvals)
    return given === undefined ? askFor(sought, deps).then(approved) : approved(given)
  }
}

function withApproved<Exchange extends Asked>(
  exchange: Exchange,
  ask: Open,
  approved: ApprovedTask,
): Exchange {
  const { session } = ask.opening
  const expiresAtMs = Math.min(session.expiresAtMs, approved.untilMs)
  const opening = { ...ask.opening, session: { ...session, expiresAtMs }, approved }
  return { ...exchange, ask: { ...ask, opening }, opening }
}

/** Takes the use of an approval that opens a task, of everybody who asks at once on every replica. */
export function spendTask({ approvals }: { readonly approvals: Approvals }) {
  return function spend<Exchange extends Asked>(exchange: Exchange): Exchange | Promise<Exchange> {
    const { opensBy: id, opening, agent } = exchange
    if (id === undefined || opening?.approved === undefined) return exchange
    return approvals.spend(id, callKey(agent, opening.approved.digest), opening.need.approvers).then(
      (isSpent) => {
        if (isSpent) return exchange
        const words = `Approval ${id} is of no use any more: another task was opened by it.`
        throw new Denial('approval_required', words, { approval: id })
      },
      (cause: unknown) => {
        throw new Denial('state_unavailable', 'The use of an approval could not be recorded.', { cause })
      },
    )
  }
}
