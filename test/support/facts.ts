/** Makes exchanges for tests of one stage, without the stages before it. */
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

/** Returns the same exchange, with the facts of every stage that only types carry. */
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
