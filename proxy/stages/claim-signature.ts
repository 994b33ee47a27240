import { changesState } from '../core/action-class.ts'
import { Denial } from '../core/denial/denial.ts'
import { mapMaybePromise, type MaybePromise } from '../core/maybe-promise.ts'
import type { Classified } from '../exchange/exchange.ts'
import {
  markProofClaimed,
  type ApprovalConsumed,
  type ProofClaimed,
  type TaskApproved,
} from '../exchange/facts.ts'
import type { ClaimOutcome } from '../state/replays.ts'
import { replayed, signedCall, type ReplayDeps } from '../state/signed-call.ts'

type Ready = Classified & (ApprovalConsumed | TaskApproved)

/**
 * Claims the signature of a changing call, last of all before it has its effect: of several copies that came together, to
 * whichever replica, one goes on. Denials: `replayed`, `overloaded`, and `state_unavailable` where it cannot be remembered.
 */
export function claimSignature({ replays, clockSkew, clock }: ReplayDeps) {
  return function claimSignature<Exchange extends Ready>(
    exchange: Exchange,
  ): MaybePromise<Exchange & ProofClaimed> {
    if (!changesState(exchange.call.classes)) return markProofClaimed(exchange)
    const outcome = replays.claim(signedCall(exchange, clockSkew), clock.nowMs())
    return mapMaybePromise(outcome, (each) => ifClaimed(each, exchange))
  }
}

function ifClaimed<Exchange>(outcome: ClaimOutcome, exchange: Exchange): Exchange & ProofClaimed {
  if (outcome === 'replayed') throw replayed()
  if (outcome === 'full') {
    throw new Denial('overloaded', 'This agent made more calls than are remembered against replay.')
  }
  return markProofClaimed(exchange)
}
