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
 * Claims the signature of a call that changes something, right before its effect. Of several copies that come at the same
 * time, to any replica, one goes on. Denials: `replayed`, `overloaded`, and `state_unavailable` if it cannot be recorded.
 */
export function claimSignature({ replays, clockSkew, clock }: ReplayDeps) {
  return function claimSignature<Exchange extends Ready>(
    exchange: Exchange,
  ): MaybePromise<Exchange & ProofClaimed> {
    if (!changesState(exchange.call.classes)) return markProofClaimed(exchange)
    const outcome = replays.claim(signedCall(exchange, clockSkew), clock.nowMs())
    return mapMaybePromise(outcome, (each) => markClaimed(each, exchange))
  }
}

function markClaimed<Exchange>(outcome: ClaimOutcome, exchange: Exchange): Exchange & ProofClaimed {
  if (outcome === 'replayed') throw replayed()
  if (outcome === 'full') {
    throw new Denial('overloaded', 'This agent made more calls than the replay protection can remember.')
  }
  return markProofClaimed(exchange)
}
