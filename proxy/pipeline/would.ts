/** Says what would have been done to a call that observe mode, or a rule that only observes, let through. */
import type { WouldRecord } from '../audit/record.ts'
import type { Furthest } from '../exchange/outcome.ts'
import { DWELL } from '../pacing/rules.ts'

/** Returns what would have been; undefined where nothing else would. */
export function wouldHaveBeen(exchange: Furthest): WouldRecord | undefined {
  const { decision, wouldThrottle } = exchange
  const verdict = decision?.wouldDeny
  if (verdict === undefined && wouldThrottle === undefined) return undefined
  const { rules = [], askedBy = [] } = decision ?? {}
  return {
    ...(verdict === 'policy_denied' && { deny: { reason: verdict, rules: [...rules] } }),
    ...(verdict === 'approval_required' && { ask: { reason: verdict, rules: [...askedBy] } }),
    ...(wouldThrottle !== undefined && {
      throttle: {
        reason: wouldThrottle,
        rules: exchange.wouldRules ?? [DWELL],
        waitMs: exchange.wouldWaitMs,
      },
    }),
  }
}
