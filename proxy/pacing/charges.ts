/** What a call owes: the charges of every rule that applies to it. Pure. */
import type { ActionClass, Trait } from '../core/action-class.ts'
import { bucketsOf, keyOf, MAX_RESOURCES, type KeyPart, type Subject } from './bucket-key.ts'
import { slowed } from './gcra.ts'
import type { BucketCharge } from './limiter.ts'
import type { PacedName } from './paces.ts'
import { isOwn, isRepeated, type PaceRule, type PaceRules } from './rules.ts'

/** What a call is charged for beyond what it names. A rule's burst is the most, so that it slows and never forbids. */
export interface PaceWeights {
  /** As how many things a call counts that reaches an unknown number of them. */
  readonly unboundedCount: number
  /** By what the count is multiplied where a container goes with all that it holds. */
  readonly cascadeWeight: number
}

/** What of a call its charges go by. */
export interface PacedCall {
  readonly class: ActionClass
  readonly classes: readonly ActionClass[]
  readonly traits: readonly Trait[]
  readonly count: number
}

/** A charge, with what it is for. */
export interface Charge extends BucketCharge {
  readonly rule: PaceRule
  readonly parts: readonly KeyPart[]
}

export interface Charges {
  readonly enforced: readonly Charge[]
  /** Of rules that only observe. */
  readonly observed: readonly Charge[]
  /** The shortest of the enforced rules' waits. */
  readonly maxWaitMs: number
}

const NONE: Charges = { enforced: [], observed: [], maxWaitMs: Infinity }

/**
 * The charges of a call: every rule once for each of its buckets that the call touches, whatever classes of the rule it
 * has; its label counts as a class, and so does `may-overwrite` (rule S14). `factor` slows the agent's own buckets.
 */
export function chargesOf(
  call: PacedCall,
  subject: Subject,
  rules: PaceRules,
  weights: PaceWeights,
  factor: number,
): Charges {
  const applying = applyingRules(call, rules)
  if (applying.size === 0) return NONE
  const enforced: Charge[] = []
  const observed: Charge[] = []
  let maxWaitMs = Infinity
  for (const [rule, classes] of applying) {
    if (isRepeated(rule, subject.agent, subject.root)) continue
    const list = rule.mode === 'enforce' ? enforced : observed
    if (rule.mode === 'enforce') maxWaitMs = Math.min(maxWaitMs, rule.maxWaitMs)
    const weight = weightIn(rule, call, subject, weights)
    const own = isOwn(rule)
    for (const parts of bucketsOf(rule, subject, classes)) {
      const rate = own ? slowed(rule, weight, factor) : rule
      list.push({ key: keyOf(rule, parts), rate, weight, rule, parts })
    }
  }
  // Copies are of just their size, which a list that grew is not: a held call keeps them.
  return { enforced: enforced.slice(), observed: observed.slice(), maxWaitMs }
}

function applyingRules(call: PacedCall, rules: PaceRules): Map<PaceRule, PacedName[]> {
  const applying = new Map<PaceRule, PacedName[]>()
  const add = (name: PacedName): void => {
    for (const rule of rules.get(name) ?? []) {
      const classes = applying.get(rule)
      if (classes === undefined) applying.set(rule, [name])
      else if (!classes.includes(name)) classes.push(name)
    }
  }
  for (const name of call.classes) add(name)
  add(call.class)
  if (call.traits.includes('may-overwrite')) add('may-overwrite')
  return applying
}

/**
 * The weight in each bucket. Where a rule has one for each resource, the most that any of them can have: each of the
 * others is touched once at least.
 */
function weightIn(rule: PaceRule, call: PacedCall, { resources }: Subject, weights: PaceWeights): number {
  const named = Math.max(1, Math.ceil(call.count))
  const others = rule.per.includes('resource') ? othersOf(resources) : 0
  const owed = Math.max(1, named - others)
  return Math.max(owed, Math.min(assumedCount(call, owed, weights), rule.burst))
}

function othersOf(resources: readonly string[]): number {
  const distinct = new Set(resources).size
  return distinct > MAX_RESOURCES ? 0 : Math.max(0, distinct - 1)
}

function assumedCount({ traits }: PacedCall, named: number, weights: PaceWeights): number {
  const count = traits.includes('unbounded') ? Math.max(named, weights.unboundedCount) : named
  return traits.includes('cascade') ? count * weights.cascadeWeight : count
}
