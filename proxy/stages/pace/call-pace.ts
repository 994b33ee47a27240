/** Computes the pace of one call by the rules in force: its charges, and its earliest turn. */
import type { Approved } from '../../exchange/exchange.ts'
import type { Subject } from '../../pacing/bucket-key.ts'
import { chargesOf, type Charges } from '../../pacing/charges.ts'
import type { FirstSeen } from '../../pacing/first-seen.ts'
import type { Pacing } from '../../pacing/pacing.ts'
import { DWELL, ruleLabel } from '../../pacing/rules.ts'
import { widenedRules } from '../../pacing/widened.ts'
import { dwellTurnMs } from './dwell.ts'
import { taskOf } from './task.ts'

/** Declares what `callPaceOf` needs. */
export interface CallPaceDeps {
  /** Read again for each call, since a reload swaps it. */
  readonly pacing: () => Pacing
  /** Returns the factor by which an agent's own pace is slowed, 1 or more. */
  readonly slowdownOf: (agentId: string) => number
  readonly firstSeen: FirstSeen
}

/** The charges of one call, and the times that bind it, in milliseconds. */
export interface CallPace {
  readonly charges: Charges
  /** The time of its arrival here. */
  readonly nowMs: number
  readonly dwellMs: number
  /** The earliest time at which dwell lets the call go; 0 where dwell does not hold it. */
  readonly notBeforeMs: number
  /** The index of the enforced charge for which the call is held; undefined while it is not. The queue sets it. */
  limiting: number | undefined
}

/** Returns the charges that a call owes, and the earliest time at which it may go. */
export function callPaceOf(
  exchange: Approved,
  { pacing, slowdownOf, firstSeen }: CallPaceDeps,
  nowMs: number,
): CallPace {
  const { rules, weights, dwellMs } = pacing()
  const inForce = widenedRules(rules, exchange.breakglass)
  const factor = slowdownOf(exchange.agent.id)
  return {
    charges: chargesOf(exchange.call, subjectOf(exchange), inForce, weights, factor),
    nowMs,
    dwellMs,
    notBeforeMs: dwellTurnMs(exchange, firstSeen, dwellMs, nowMs),
    limiting: undefined,
  }
}

/** Returns the name of the rule that holds or held the call, in a list; undefined if none does. */
export function paceRulesOf({
  charges,
  limiting,
  nowMs,
  notBeforeMs,
}: CallPace): readonly string[] | undefined {
  const charge = limiting === undefined ? undefined : charges.enforced[limiting]
  if (charge !== undefined) return [ruleLabel(charge.rule)]
  return notBeforeMs > nowMs ? [DWELL] : undefined
}

function subjectOf({ agent, authorization, call, accountId = '*' }: Approved): Subject {
  return {
    agent: agent.id,
    root: agent.root,
    task: taskOf(agent),
    account: accountId,
    region: authorization.scope.region,
    service: call.service,
    resources: call.resources,
  }
}
