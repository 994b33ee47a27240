/** What a call owes, as the rules in force have it at this moment. */
import type { Approved } from '../../exchange/exchange.ts'
import type { Subject } from '../../pacing/bucket-key.ts'
import { chargesOf, type Charges } from '../../pacing/charges.ts'
import type { FirstSeen } from '../../pacing/first-seen.ts'
import type { Pacing } from '../../pacing/pacing.ts'
import { widenedRules } from '../../pacing/widened.ts'
import { dwellTurnMs } from './dwell.ts'
import { taskOf } from './task.ts'

export interface DueDeps {
  /** Read anew for each call: a reload swaps it. */
  readonly pacing: () => Pacing
  /** How many times as slow an agent's own pace is, 1 or more. */
  readonly slowdownOf: (agentId: string) => number
  readonly firstSeen: FirstSeen
}

export interface Due {
  readonly charges: Charges
  readonly nowMs: number
  readonly dwellMs: number
  /** The call may not go before; 0 where dwell has nothing against it. */
  readonly notBeforeMs: number
}

/** Returns what the call is to be charged, and from when on it may go. */
export function dueOf(exchange: Approved, { pacing, slowdownOf, firstSeen }: DueDeps, nowMs: number): Due {
  const { rules, weights, dwellMs } = pacing()
  const inForce = widenedRules(rules, exchange.breakglass)
  const factor = slowdownOf(exchange.agent.id)
  return {
    charges: chargesOf(exchange.call, subjectOf(exchange), inForce, weights, factor),
    nowMs,
    dwellMs,
    notBeforeMs: dwellTurnMs(exchange, firstSeen, dwellMs, nowMs),
  }
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
