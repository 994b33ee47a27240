/** Counts what rules did to a finished request, and what they would have done. Most requests meet no rule. */
import type { RefusedBy } from '../core/denial/refused-by.ts'
import type { Furthest, Outcome } from '../exchange/outcome.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { PaceOutcome, WouldFact } from '../observe/request-counters.ts'
import { DWELL } from '../pacing/rules.ts'

const THROTTLED: ReadonlySet<string> = new Set(['paced', 'pace_exceeds_burst', 'dwell', 'queue_full'])

/** Tells how pace treated a call; undefined if none applied, or if it left before its turn. */
export function paceOutcome({ exchange, reason }: Outcome): PaceOutcome | undefined {
  if (exchange.paceRules !== undefined) return 'held'
  if (exchange.waitedMs !== undefined) return 'passed'
  return THROTTLED.has(reason) ? 'throttled' : undefined
}

/** Returns what would have been done to a call that was let through; undefined where nothing would. */
export function wouldFacts({ decision, wouldThrottle }: Furthest): readonly WouldFact[] | undefined {
  const verdict = decision?.wouldDeny
  if (verdict === undefined && wouldThrottle === undefined) return undefined
  const facts: WouldFact[] = []
  if (verdict !== undefined)
    facts.push({ would: verdict === 'approval_required' ? 'ask' : 'deny', reason: verdict })
  if (wouldThrottle !== undefined) facts.push({ would: 'throttle', reason: wouldThrottle })
  return facts
}

/** Counts each rule that held, throttled, asked, refused, changed classes, or would have. */
export function countRules({ exchange, reason, by }: Outcome, metrics: Metrics): void {
  const { paceRules, call, decision } = exchange
  if (paceRules !== undefined) for (const each of paceRules) metrics.rule('hold', each)
  if (call?.overrides !== undefined) for (const each of call.overrides) metrics.rule('override', each)
  if (by !== undefined) countRefusal(by, reason, metrics)
  if (decision?.wouldDeny !== undefined || exchange.wouldThrottle !== undefined) countWould(exchange, metrics)
}

function countRefusal({ kind, rules }: RefusedBy, reason: string, metrics: Metrics): void {
  for (const each of rules) {
    if (kind === 'approval') metrics.rule('ask', each)
    // A call that left while it was held was not throttled.
    else if (kind === 'pace') metrics.rule(THROTTLED.has(reason) ? 'throttle' : 'hold', each)
    else metrics.ruleDenied(kind, each)
  }
}

function countWould(exchange: Furthest, metrics: Metrics): void {
  const { decision, wouldThrottle, wouldRules = [DWELL], wouldRefuse = [] } = exchange
  if (decision?.wouldDeny === 'policy_denied')
    for (const each of decision.rules) metrics.ruleWould('deny', each)
  if (decision?.wouldDeny === 'approval_required')
    for (const each of decision.askedBy ?? []) metrics.ruleWould('ask', each)
  if (wouldThrottle === undefined) return
  for (const each of wouldRules) metrics.ruleWould(wouldRefuse.includes(each) ? 'throttle' : 'hold', each)
}
