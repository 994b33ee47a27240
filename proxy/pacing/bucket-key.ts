/** Which buckets of a rule a call is charged in, and how a bucket is named. Pure. */
import { createHash } from 'node:crypto'
import type { PacedName } from './paces.ts'
import type { Dimension, PaceRule } from './rules.ts'

/** What of a call its buckets go by. */
export interface Subject {
  readonly agent: string
  /** The identity behind the agent and others; the agent's own id where there is none. */
  readonly root: string
  /** The task that the agent works on; undefined: the agent stands in for it. */
  readonly task: string | undefined
  readonly account: string
  readonly region: string
  readonly service: string
  readonly resources: readonly string[]
}

/** One value of a key: `['region', 'us-east-1']`. What stands in for something else keeps its name: `['agent', id]`. */
export type KeyPart = readonly [name: string, value: string]

/** More resources than this of one call share a bucket of the rule: a call charges a bounded number of them. */
export const MAX_RESOURCES = 32
const MANY: KeyPart = ['resource', '(many)']
const FLEET: KeyPart = ['fleet', '']
/** Agents choose parts of some values, so no key is longer. */
const MAX_KEY_LENGTH = 512

/** The buckets of a rule for a call that is of these classes of the rule: never none, each as the parts of its key. */
export function bucketsOf(
  rule: PaceRule,
  subject: Subject,
  classes: readonly PacedName[],
): readonly KeyPart[][] {
  let keys: KeyPart[][] = [[]]
  for (const dimension of rule.per) {
    const parts = partsOf(dimension, subject, classes)
    // `concat` makes arrays of just their size: a held call keeps them.
    keys = keys.flatMap((key) => parts.map((part) => key.concat([part])))
  }
  return keys
}

function partsOf(dimension: Dimension, subject: Subject, classes: readonly PacedName[]): readonly KeyPart[] {
  switch (dimension) {
    case 'fleet':
      return [FLEET]
    case 'task':
      return [subject.task === undefined ? ['agent', subject.agent] : ['task', subject.task]]
    case 'class':
      return classes.map((name) => ['class', name])
    case 'resource':
      return resourceParts(subject.resources)
    default:
      return [[dimension, subject[dimension]]]
  }
}

function resourceParts(resources: readonly string[]): readonly KeyPart[] {
  const distinct = new Set(resources)
  if (distinct.size === 0) return [['resource', '*']]
  // No ARN is `(many)`: a call cannot name the bucket of others.
  return distinct.size > MAX_RESOURCES ? [MANY] : [...distinct].map((each) => ['resource', each])
}

/**
 * The bucket's name, which no other rule or parts have: every value is preceded by its length, and a rule's name holds
 * no `|`. What an observing rule charges is a bucket apart, so that a rule which is enforced later owes nothing.
 */
export function keyOf(rule: PaceRule, parts: readonly KeyPart[]): string {
  let key = `${rule.mode === 'observe' ? '~' : ''}${rule.source} ${rule.name}`
  for (const [name, value] of parts) key += `|${name} ${value.length}:${value}`
  if (key.length <= MAX_KEY_LENGTH) return key
  return `${rule.name}|sha256:${createHash('sha256').update(key).digest('base64url')}`
}
