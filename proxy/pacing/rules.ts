/** Defines pace rules: their classes, what each bucket belongs to, and the rate. Pure. */
import { type Rate, rateOf } from './gcra.ts'
import type { PacedName, Paces, PaceSetting } from './paces.ts'
import { formatRate } from './rates.ts'

/**
 * Lists the dimensions by which a rule can have separate buckets. `fleet` means all agents together, so it stands alone
 * or first: then all agents share the dimensions that follow.
 */
export const DIMENSIONS = [
  'agent',
  'root',
  'task',
  'account',
  'region',
  'service',
  'class',
  'resource',
  'fleet',
] as const
export type Dimension = (typeof DIMENSIONS)[number]

/** A RuleSetting is one of `pacing.rules` in the configuration, parsed. */
export interface RuleSetting extends PaceSetting {
  readonly name: string
  readonly classes: readonly PacedName[]
  readonly per: readonly Dimension[]
  readonly mode: 'enforce' | 'observe'
}

/** A PaceRule is a rule, ready for use. */
export interface PaceRule extends Rate {
  /** The rule's name; the class for a class's pace. */
  readonly name: string
  /** `class`: from `pacing.classes`, short for `per: [agent]`, and `per: [root]` if agents share one (S20). */
  readonly source: 'class' | 'rule'
  readonly classes: readonly PacedName[]
  readonly per: readonly Dimension[]
  /** The rate as operators write it, for messages. */
  readonly rateText: string
  readonly maxWaitMs: number
  readonly mode: 'enforce' | 'observe'
  /** The name in the configuration of the rule that it stands in for, if that is another. */
  readonly label?: string
}

/** Maps each class to the rules that apply, in the order of the configuration. */
export type PaceRules = ReadonlyMap<PacedName, readonly PaceRule[]>

/** Returns the paces of classes and the additional rules. A rule never replaces a class's pace; it only adds to it (S1). */
export function rulesFrom(paces: Paces, settings: readonly RuleSetting[] = []): PaceRules {
  const rules = new Map<PacedName, PaceRule[]>()
  const add = (rule: PaceRule): void => {
    for (const name of new Set(rule.classes)) rules.set(name, [...(rules.get(name) ?? []), rule])
  }
  for (const pace of paces.values()) {
    const { class: name, ...rest } = pace
    for (const per of [['agent'], ['root']] as const)
      add({ ...rest, name, source: 'class', classes: [name], per, mode: 'enforce' })
  }
  for (const { name, classes, per, mode, rate, burst, maxWait } of settings) {
    const base = { name, classes, per, mode, rateText: formatRate(rate), maxWaitMs: maxWait }
    add({ ...base, source: 'rule', ...rateOf(rate.things, rate.perMs, burst) })
  }
  return rules
}

/** Returns the rule's name in the configuration: a class, or that of a rule. There is a bounded number of them. */
export function ruleLabel({ name, label = name }: Pick<PaceRule, 'name' | 'label'>): string {
  return label
}

/** Names `pacing.dwell` where rules are named. No rule can have this name. */
export const DWELL = 'pacing.dwell'

/** Tells whether only one agent is charged in each of the rule's buckets. */
export function isOwn({ per }: PaceRule): boolean {
  return per.includes('agent')
}

/** Tells whether the rule repeats another: it is for a shared root, but this agent is its own root and is charged as an agent. */
export function isRepeated({ source, per }: PaceRule, agent: string, root: string): boolean {
  return source === 'class' && per[0] === 'root' && root === agent
}

/** Returns the rule and its rate as text for a denial. */
export function ruleText({ name, source, classes, per, rateText, burst }: PaceRule): string {
  const rate = `${rateText}, at most ${burst} at once`
  if (source === 'class' && per[0] === 'root')
    return `The pace for class ${name} of all agents that share this one's root is ${rate}`
  if (source === 'class') return `This agent's pace for class ${name} is ${rate}`
  return `Rule ${name} (per ${per.join(', ')}; ${classes.join(', ')}) is ${rate}`
}
