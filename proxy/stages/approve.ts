/** Approval by people: a call that needs one and has none is answered with its id, or held until somebody decides. */
import { statusOf } from '../approvals/approval.ts'
import type { Approvals } from '../approvals/approvals.ts'
import { callKey } from '../approvals/stored-approval.ts'
import { needOf, newApproval, type OwnerOf } from '../approvals/approval-request.ts'
import { digestOf } from '../approvals/digest.ts'
import {
  askFor,
  givenFor,
  isWanted,
  refuseDenied,
  type FindApprovalDeps,
  type ApprovalQuery,
} from '../approvals/find-approval.ts'
import type { ApprovalHold } from '../approvals/open.ts'
import { Denial } from '../core/denial/denial.ts'
import type { Approved, Decided, Decision, GivenApproval } from '../exchange/exchange.ts'
import type { MaybePromise } from '../core/maybe-promise.ts'
import type { PresignFacts } from '../exchange/presign-request.ts'

export interface ApproveDeps extends FindApprovalDeps {
  readonly ownerOf: OwnerOf
  /** Undefined: a call is never held for its approval. */
  readonly hold: Hold | undefined
}

interface Hold extends ApprovalHold {
  /** Judges a held call again (S4). Throws a Denial if anything changed for the worse. */
  readonly recheck: (exchange: Decided) => unknown
}

/**
 * Lets a call on that nobody needs to approve, or that people have approved byte for byte; the use is spent later
 * (`consumeApproval`). Denials: those of `askFor`, and `unapprovable`.
 */
export function approve(deps: ApproveDeps) {
  return function approve<Exchange extends Decided & PresignFacts>(
    exchange: Exchange,
  ): MaybePromise<Exchange & Approved> {
    const need = needOf(exchange, deps.approvals)
    if (!isWanted(need)) return given(exchange, undefined)
    const digest = digestOf(exchange)
    if (digest === undefined) {
      throw new Denial('unapprovable', `${need.why.join(' ')} Its body is not known before it is sent.`)
    }
    const { approvals, ownerOf, hold } = deps
    const which = { key: callKey(exchange.agent, digest), need }
    const sought: ApprovalQuery = {
      ...which,
      asked: () => newApproval(exchange, digest, need, ownerOf),
      held: async () =>
        hold?.waiting.within(exchange.agent.id, () => holdUp(exchange, which, hold, approvals)),
    }
    const known = givenFor(sought, approvals)
    if (known !== undefined) return given(exchange, known)
    return askFor(sought, deps).then((approval) => given(exchange, approval))
  }
}

/** A call that waits for its turn does not keep its parsed request: nobody will be asked of it again. */
function given<Exchange extends Decided>(exchange: Exchange, approval: GivenApproval | undefined) {
  const { call } = exchange
  if (call.reads === undefined) return { ...exchange, approval }
  return { ...exchange, call: { ...call, reads: undefined }, approval }
}

/**
 * Throws a Denial if a call that was approved would not be by now, or one that needed nobody does; `decision` is what
 * policy says now.
 */
export function checkApproval(exchange: Approved, decision: Decision, approvals: Approvals): void {
  const need = needOf({ ...exchange, decision }, approvals)
  if (!isWanted(need)) return
  const { approval, agent } = exchange
  const known = approval && approvals.find(callKey(agent, approval.digest), need.approvers)
  if (known !== undefined && statusOf(known.approval, need.approvers) === 'approved') return
  if (known !== undefined) refuseDenied(known)
  throw new Denial('approval_required', `${need.why.join(' ')} The call was not approved when its turn came.`)
}

/** Undefined: nobody has decided in time. */
async function holdUp(
  exchange: Decided,
  which: Pick<ApprovalQuery, 'key' | 'need'>,
  { waiting, steadyClock, maxWaitMs, recheck }: Hold,
  approvals: Approvals,
): Promise<GivenApproval | undefined> {
  const { gone } = exchange.client
  const untilMs = steadyClock.nowMs() + maxWaitMs(exchange.call)
  while (await waiting.next(untilMs - steadyClock.nowMs(), gone)) {
    recheck(exchange)
    const given = givenFor(which, approvals)
    if (given !== undefined && !gone.aborted) return given
  }
  if (gone.aborted) throw new Denial('client_gone', 'The connection was closed.')
  return undefined
}
