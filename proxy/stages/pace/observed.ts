/** Computes what rules that only observe would have done to a call. */
import type { Charge } from '../../pacing/charges.ts'
import type { Limiter, Turn } from '../../pacing/limiter.ts'
import { ruleLabel } from '../../pacing/rules.ts'

/** The reason for which a call would have been held or refused, the severest one, and the rules that say so. */
export interface Would {
  readonly wouldThrottle: 'paced' | 'pace_exceeds_burst' | 'dwell' | undefined
  readonly wouldRules?: readonly string[]
  /** Those of them that would have refused it; the others would have held it. */
  readonly wouldRefuse?: readonly string[]
  /** How long it would have been held; undefined if it would have been refused. */
  readonly wouldWaitMs?: number
}

/** Charges that apply together, all or nothing. */
export interface ChargeGroup {
  readonly charges: readonly Charge[]
  readonly maxWaitMs: number
}

/** The result where no rule would have held or refused the call. */
export const NOTHING: Would = { wouldThrottle: undefined }

/** Returns one group for each rule that only observes, so that the effect of each is known by itself. */
export function groupsOf(charges: readonly Charge[]): ChargeGroup[] {
  if (charges.length === 0) return []
  return [...Map.groupBy(charges, ({ rule }) => rule)].map(([{ maxWaitMs }, own]) => ({
    charges: own,
    maxWaitMs,
  }))
}

/**
 * Charges each group as if the call had been held for it, so that the records show what enforcing would do to the next
 * calls too. Returns a promise only if the limiter does.
 */
export function observe(
  groups: readonly ChargeGroup[],
  limiter: Limiter,
  nowMs: number,
): Would | Promise<Would> {
  if (groups.length === 0) return NOTHING
  const turns = groups.map(({ charges, maxWaitMs }) => limiter.take(charges, nowMs, maxWaitMs))
  return turns.some((turn) => turn instanceof Promise)
    ? Promise.all(turns.map((turn) => Promise.resolve(turn))).then((settled) =>
        wouldOf(groups, settled, nowMs),
      )
    : wouldOf(groups, turns as readonly Turn[], nowMs)
}

function wouldOf(groups: readonly ChargeGroup[], turns: readonly Turn[], nowMs: number): Would {
  const wouldRules: string[] = []
  const wouldRefuse: string[] = []
  let waitMs = 0
  let reason: 'paced' | 'pace_exceeds_burst' = 'paced'
  for (const [index, turn] of turns.entries()) {
    const group = groups[index]
    if (turn.kind === 'now' || group === undefined) continue
    const charge = group.charges[turn.limiting]
    const name = charge === undefined ? '' : ruleLabel(charge.rule)
    wouldRules.push(name)
    if (turn.kind === 'never') reason = 'pace_exceeds_burst'
    else waitMs = Math.max(waitMs, turn.turnAtMs - nowMs)
    if (turn.kind === 'never' || turn.turnAtMs > nowMs + group.maxWaitMs) wouldRefuse.push(name)
  }
  if (wouldRules.length === 0) return NOTHING
  if (wouldRefuse.length > 0) return { wouldThrottle: reason, wouldRules, wouldRefuse }
  return { wouldThrottle: reason, wouldRules, wouldWaitMs: Math.ceil(waitMs) }
}
