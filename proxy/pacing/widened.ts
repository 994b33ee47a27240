/** Computes the agent's own pace while a break-glass is open for it. Pure. */
import type { ActionClass } from '../core/action-class.ts'
import { rateOf } from './gcra.ts'
import type { PacedName, PaceSetting } from './paces.ts'
import { formatRate } from './rates.ts'
import { isOwn, type PaceRule, type PaceRules } from './rules.ts'

/** Describes how a break-glass widens the pace. */
export interface Widened {
  /** The id of the break-glass. It has buckets of its own, so that nothing is owed before or after it. */
  readonly id: string
  readonly classes: readonly ActionClass[]
  /** The new pace; if undefined, no pace is widened. */
  readonly pace: PaceSetting | undefined
}

/**
 * Returns the rules with the agent's own pace replaced for each named class; `may-overwrite` goes with `write`. All other
 * rules stay: those that agents of one root share, and those of the fleet (rules S1, S20).
 */
export function widenedRules(rules: PaceRules, under: Widened | undefined): PaceRules {
  if (under?.pace === undefined) return rules
  const { id, classes, pace } = under
  const names: PacedName[] = classes.includes('write') ? [...classes, 'may-overwrite'] : [...classes]
  const widened = new Map(rules)
  for (const name of names) {
    const own = rules
      .get(name)
      ?.map((rule) => (isOwn(rule) && rule.source === 'class' ? faster(rule, name, pace, id) : rule))
    if (own !== undefined) widened.set(name, own)
  }
  return widened
}

/** Takes the better of each part of the pace, so that a break-glass never slows. */
function faster(own: PaceRule, name: PacedName, { rate, burst, maxWait }: PaceSetting, id: string): PaceRule {
  const widened = rateOf(rate.things, rate.perMs, Math.max(burst, own.burst))
  const isFaster = widened.intervalMs < own.intervalMs
  return {
    ...own,
    ...widened,
    ...(isFaster ? { rateText: formatRate(rate) } : { intervalMs: own.intervalMs }),
    name: `${id} ${name}`,
    label: name,
    source: 'rule',
    maxWaitMs: Math.max(maxWait, own.maxWaitMs),
  }
}
