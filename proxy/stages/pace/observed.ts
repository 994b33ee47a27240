/** What rules would have done to a call that goes on all the same. */
import type { Charge } from '../../pacing/charges.ts'
import type { Limiter, Turn } from '../../pacing/limiter.ts'

/** Why a call would have been held or refused, and by which rules; the gravest reason counts. */
export interface Would {
  readonly wouldThrottle: 'paced' | 'pace_exceeds_burst' | 'dwell' | undefined
  readonly wouldRules?: readonly string[]
}

/** Charges that apply together, all or nothing. */
export interface ChargeGroup {
  readonly charges: readonly Charge[]
  readonly maxWaitMs: number
}

export const NOTHING: Would = { wouldThrottle: undefined }

/** One group for each rule that only observes: what it does shows by itself. */
export function groupsOf(charges: readonly Charge[]): ChargeGroup[] {
  if (charges.length === 0) return []
  return [...Map.groupBy(charges, ({ rule }) => rule)].map(([{ maxWaitMs }, own]) => ({
    charges: own,
    maxWaitMs,
  }))
}

/**
 * Charges each group as if the call had been held for it, so that the record shows what enforcing would have done to
 * the next calls, too. A promise only if the limiter's answer is one.
 */
export function observe(
  groups: readonly ChargeGroup[],
  limiter: Limiter,
  nowMs: number,
): Would | Promise<Would> {
  if (groups.length === 0) return NOTHING
  const turns = groups.map(({ charges, maxWaitMs }) => limiter.take(charges, nowMs, maxWaitMs))
  return turns.some((turn) => turn instanceof Promise)
    ? Promise.all(turns.map((turn) => Promise.resolve(turn))).then((settled) => wouldOf(groups, settled))
    : wouldOf(groups, turns as readonly Turn[])
}

function wouldOf(groups: readonly ChargeGroup[], turns: readonly Turn[]): Would {
  const hit = turns.flatMap((turn, index) =>
    turn.kind === 'now' ? [] : (groups[index]?.charges[turn.limiting]?.rule.name ?? []),
  )
  if (hit.length === 0) return NOTHING
  const never = turns.some(({ kind }) => kind === 'never')
  return { wouldThrottle: never ? 'pace_exceeds_burst' : 'paced', wouldRules: hit }
}
