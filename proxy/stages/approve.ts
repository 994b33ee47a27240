/**
 * Asks people to approve calls that need it. A call without its approval is refused with the id of the approval, or held
 * until somebody decides.
 */
import { statusOf } from '../approvals/approval.ts'
import type { Approvals } from '../approvals/approvals.ts'
import { callKey } from '../approvals/stored-approval.ts'
import { needOf, newApproval, type OwnerOf } from '../approvals/approval-request.ts'
import { digestOf } from '../approvals/digest.ts'
import {
  askedBy,
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

/** Declares what `approve` needs. */
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
 * Lets a call go on if nobody needs to approve it, or if people have approved it byte for byte. The approval is consumed
 * later (`consumeApproval`). Denials: those of `askFor`, and `unapprovable`.
 */
export function approve(deps: ApproveDeps) {
  return function approve<Exchange extends Decided & PresignFacts>(
    exchange: Exchange,
  ): MaybePromise<Exchange & Approved> {
    const need = needOf(exchange, deps.approvals)
    if (!isWanted(need)) return given(exchange, undefined)
    const digest = digestOf(exchange)
    if (digest === undefined) {
      throw new Denial(
        'unapprovable',
        `${need.why.join(' ')} People cannot see the body of this call before it is sent.`,
        askedBy(need),
      )
    }
    const { approvals, ownerOf, hold } = deps
    const which = { key: callKey(exchange.agent, digest), need }
    const query: ApprovalQuery = {
      ...which,
      asked: () => newApproval(exchange, digest, need, ownerOf),
      held: async () =>
        hold?.waiting.within(exchange.agent.id, () => awaitApproval(exchange, which, hold, approvals)),
    }
    const known = givenFor(query, approvals)
    if (known !== undefined) return given(exchange, known)
    return askFor(query, deps).then((approval) => given(exchange, approval))
  }
}

/** A call that waits for its turn does not keep its parsed request: nobody will be asked of it again. */
function given<Exchange extends Decided>(exchange: Exchange, approval: GivenApproval | undefined) {
  const { call } = exchange
  if (call.reads === undefined) return { ...exchange, approval }
  return { ...exchange, call: { ...call, reads: undefined }, approval }
}

/**
 * Throws a Denial if a call lacks an approval now: its own is no longer valid, or `decision`, policy's decision of now,
 * asks for one.
 */
export function checkApproval(exchange: Approved, decision: Decision, approvals: Approvals): void {
  const need = needOf({ ...exchange, decision }, approvals)
  if (!isWanted(need)) return
  const { approval, agent } = exchange
  const known = approval && approvals.find(callKey(agent, approval.digest), need.approvers)
  if (known !== undefined && statusOf(known.approval, need.approvers) === 'approved') return
  if (known !== undefined) refuseDenied(known, need)
  throw new Denial(
    'approval_required',
    `${need.why.join(' ')} The call waited, and when its turn came it was not approved.`,
    askedBy(need),
  )
}

/** Holds a call until its approval is decided. Returns undefined if nobody decides in time. */
async function awaitApproval(
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
  if (gone.aborted) throw new Denial('client_gone', 'The client closed its connection.')
  return undefined
}
