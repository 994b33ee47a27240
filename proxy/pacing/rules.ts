/** Pace rules: for which classes, a bucket for each what, at which rate. Pure. */
import { type Rate, rateOf } from './gcra.ts'
import type { PacedName, Paces, PaceSetting } from './paces.ts'
import { formatRate } from './rates.ts'

/**
 * What a rule may have a bucket for each of. `fleet` is everybody together, so it stands alone or first, where it says
 * that what follows is shared by all agents.
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

/** One of `pacing.rules` in the configuration, parsed. */
export interface RuleSetting extends PaceSetting {
  readonly name: string
  readonly classes: readonly PacedName[]
  readonly per: readonly Dimension[]
  readonly mode: 'enforce' | 'observe'
}

/** A rule, ready for use. */
export interface PaceRule extends Rate {
  /** Of a class's pace: the class. */
  readonly name: string
  /** `class`: from `pacing.classes`, shorthand for `per: [agent]`, and `per: [root]` where agents share one (S20). */
  readonly source: 'class' | 'rule'
  readonly classes: readonly PacedName[]
  readonly per: readonly Dimension[]
  /** The rate as operators write it, for messages. */
  readonly rateText: string
  readonly maxWaitMs: number
  readonly mode: 'enforce' | 'observe'
}

/** The rules that apply to each class, in the order of the configuration. */
export type PaceRules = ReadonlyMap<PacedName, readonly PaceRule[]>

/** The paces of classes and the rules beside them. A rule only adds to a class's pace, it never replaces one (S1). */
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

/** Whether nobody but one agent is charged in the rule's buckets. */
export function isOwn({ per }: PaceRule): boolean {
  return per.includes('agent')
}

/** Whether the rule is for what agents share, and this one shares nothing: the same rule charges it as an agent. */
export function isRepeated({ source, per }: PaceRule, agent: string, root: string): boolean {
  return source === 'class' && per[0] === 'root' && root === agent
}

/** The rule and its rate, as a denial says it. */
export function ruleText({ name, source, classes, per, rateText, burst }: PaceRule): string {
  const rate = `${rateText}, at most ${burst} at once`
  if (source === 'class' && per[0] === 'root')
    return `The pace for class ${name} of all agents that share this one's root is ${rate}`
  if (source === 'class') return `This agent's pace for class ${name} is ${rate}`
  return `Rule ${name} (per ${per.join(', ')}; ${classes.join(', ')}) is ${rate}`
}
