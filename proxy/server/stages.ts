/** The stages that several ways have in common; one of each, so that what they count is counted together. */
import { paceMetrics } from './request-metrics.ts'
import { moderatoHeaders } from '../pipeline/answer.ts'
import type { Approved, Paced } from '../exchange/exchange.ts'
import type { Parts } from './services.ts'
import { limitConcurrency } from '../stages/limit-concurrency.ts'
import { approve, checkApproval } from '../stages/approve.ts'
import { decide } from '../stages/decide.ts'
import { attachCredentials } from '../stages/attach-credentials.ts'
import { identify } from '../stages/identify.ts'
import { applyBreakglass } from '../stages/apply-breakglass.ts'
import { pace } from '../stages/pace/pace.ts'
import { checkHead } from '../stages/receive/receive.ts'
import { claimSignature, refuseReplay } from '../stages/replay.ts'
import { reauthorize } from '../stages/reauthorize.ts'
import { checkHolds } from '../stages/check-holds.ts'
import { consumeApproval } from '../stages/consume-approval.ts'
import { verify } from '../stages/verify/verify.ts'
import { Uploads } from '../stages/forward/uploads.ts'

export type SharedStages = ReturnType<typeof sharedStages>

export function sharedStages({ agents, rules, metrics, queue, limiter, approvals, ...parts }: Parts) {
  const { clock, steadyClock, clockSkew, signatures } = parts
  const once = { replays: parts.replays, clockSkew, clock }
  const identified = identify({ agents })
  const restrained = checkHolds({ ledger: parts.state.ledger, ...parts })
  const marked = applyBreakglass(parts.breakglass)
  const decided = decide({
    policy: () => rules().policy,
    mode: () => rules().mode,
    allowUnmodelled: () => rules().allowUnmodelled,
    clock,
    observeEvaluationSeconds: (seconds) => metrics.policyEvaluation(rules().policy.name, seconds),
  })
  const operatorRules = () => rules().operatorRules
  /** Rule S4: what may have changed while a call was held. */
  const recheck = reauthorize({ agents, identified, restrained, marked, decided, operatorRules })
  const recheckApproved = (exchange: Approved): void =>
    checkApproval(exchange, recheck(exchange), approvals.approvals)
  return {
    checkedHead: checkHead(),
    identified,
    verified: verify({ agents, clockSkew, signatures }),
    admitted: limitConcurrency({ inFlightPerAgent: () => rules().limits.inFlightPerAgent }),
    notReplayed: refuseReplay(once),
    restrained,
    marked,
    decided,
    approved: approve({
      ...approvals,
      clock,
      hold: approvals.hold && { ...approvals.hold, recheck },
    }),
    paced: pace({
      queue,
      limiter,
      ...parts.pace,
      get mode() {
        return rules().mode
      },
      clock: steadyClock,
      recheck: recheckApproved,
      metrics: paceMetrics(metrics),
    }),
    equipped: attachCredentials({ signers: parts.signers, recheck: recheckApproved }),
    spent: consumeApproval(approvals),
    claimed: claimSignature(once),
    /** Reconsidered with the queue, whenever what operators decided changes. */
    uploads: new Uploads((exchange) => void recheck(exchange)),
    operatorRules,
    answerHeaders: (exchange: Paced) => moderatoHeaders(exchange, 'allow', rules().mode),
  }
}
