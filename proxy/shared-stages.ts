/** The stages that several ways have in common; one of each, so that what they count is counted together. */
import { paceMetrics } from './accounts.ts'
import { moderatoHeaders } from './answer.ts'
import type { Approved, Decided, Decision, Paced } from './exchange.ts'
import type { Parts } from './parts.ts'
import { admit } from './stages/admit.ts'
import { approve, checkApproval } from './stages/approve.ts'
import { decide } from './stages/decide.ts'
import { identify } from './stages/identify.ts'
import { pace } from './stages/pace.ts'
import { checkHead } from './stages/receive.ts'
import { claim, refuseReplay } from './stages/replay.ts'
import { restrain } from './stages/restrain.ts'
import { spend } from './stages/spend.ts'
import { verify } from './stages/verify.ts'

export type SharedStages = ReturnType<typeof sharedStages>

export function sharedStages({ agents, policy, metrics, queue, limiter, approvals, ...parts }: Parts) {
  const { mode, clock, steadyClock, clockSkew, signatures } = parts
  const once = { replays: parts.replays, clockSkew, clock }
  const identified = identify({ agents })
  const restrained = restrain({ ledger: parts.state.ledger, ...parts })
  const decided = decide({
    policy: () => policy,
    mode,
    allowUnmodelled: parts.allowUnmodelled,
    clock,
    observeEvaluationSeconds: (seconds) => metrics.policyEvaluation(policy.name, seconds),
  })
  /** Rule S4: what may have changed while a call was held. */
  const recheck = (exchange: Decided): Decision => {
    identified(exchange)
    restrained(exchange)
    return decided(exchange).decision
  }
  const recheckApproved = (exchange: Approved): void =>
    checkApproval(exchange, recheck(exchange), approvals.approvals)
  return {
    checkedHead: checkHead(),
    identified,
    verified: verify({ agents, clockSkew, signatures }),
    admitted: admit(parts),
    notReplayed: refuseReplay(once),
    restrained,
    decided,
    approved: approve({
      ...approvals,
      clock,
      hold: approvals.hold && { ...approvals.hold, recheck },
    }),
    paced: pace({
      queue,
      limiter,
      paces: parts.paces,
      weights: parts.weights,
      clock: steadyClock,
      mode,
      recheck: recheckApproved,
      metrics: paceMetrics(metrics),
    }),
    spent: spend(approvals),
    claimed: claim(once),
    answerHeaders: (exchange: Paced) => moderatoHeaders(exchange, 'allow', mode),
  }
}
