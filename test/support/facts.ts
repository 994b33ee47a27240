/** Exchanges for tests of one stage: the stages before it did not run. */
import {
  markApprovalConsumed,
  markBreakglassApplied,
  markConcurrencyLimited,
  markHeadChecked,
  markProofClaimed,
  markUnheld,
  markUnreplayed,
  type TaskPathChecked,
  type SignPathChecked,
} from '../../proxy/exchange/facts.ts'

/** Returns the same exchange, with the facts that only types carry of every stage that a call may have passed. */
export function passedStages<Exchange>(exchange: Exchange) {
  return markProofClaimed(
    markApprovalConsumed(
      markBreakglassApplied(
        markUnheld(markUnreplayed(markConcurrencyLimited(markHeadChecked(pathChecked(exchange))))),
      ),
    ),
  )
}

function pathChecked<Exchange>(exchange: Exchange) {
  return exchange as Exchange & TaskPathChecked & SignPathChecked
}
