/** Selects the buckets of a rule that a call is charged in, and names them. Pure. */
import { createHash } from 'node:crypto'
import { thingName } from '../../policy/restricts.ts'
import type { PacedName } from './paces.ts'
import type { Dimension, PaceRule } from './rules.ts'

/** A Subject holds the parts of a call that select its buckets. */
export interface Subject {
  readonly agent: string
  /** The identity that the agent shares with others; the agent's own id if there is none. */
  readonly root: string
  /** The task that the agent works on; if undefined, the agent is used instead. */
  readonly task: string | undefined
  readonly account: string
  readonly region: string
  readonly service: string
  readonly resources: readonly string[]
}

/** A KeyPart is one value of a key: `['region', 'us-east-1']`. A substitute keeps its own name: `['agent', id]`. */
export type KeyPart = readonly [name: string, value: string]

/** If a call has more resources than this, they share one bucket of the rule: the number of charges is bounded. */
export const MAX_RESOURCES = 32
const MANY: KeyPart = ['resource', '(many)']
const FLEET: KeyPart = ['fleet', '']
/** Bounds the length of a key: agents choose parts of some values. */
const MAX_KEY_LENGTH = 512
const HASHED = '|sha256:'
/** Other keys have a space and the length of a value after the name of a part. */
const HASHED_KEY = /^[^|]*\|sha256:/

/** Returns the buckets of a rule for a call with these classes of the rule, at least one, each as the parts of its key. */
export function bucketsOf(
  rule: PaceRule,
  subject: Subject,
  classes: readonly PacedName[],
): readonly KeyPart[][] {
  let keys: KeyPart[][] = [[]]
  for (const dimension of rule.per) {
    const parts = partsOf(dimension, subject, classes)
    // `concat` makes arrays of exact size: a held call keeps them.
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

/** Returns each thing once, whatever the case and the name that the call gives it (rule S25). */
export function distinctThings(resources: readonly string[]): ReadonlySet<string> {
  return new Set(resources.map((each) => thingName(each)))
}

function resourceParts(resources: readonly string[]): readonly KeyPart[] {
  const distinct = distinctThings(resources)
  if (distinct.size === 0) return [['resource', '*']]
  // No ARN is `(many)`: a call cannot name the bucket of others.
  return distinct.size > MAX_RESOURCES ? [MANY] : [...distinct].map((each) => ['resource', each])
}

/**
 * Returns the bucket's name. It is unique for rule and parts: each value has its length before it, and a rule's name has
 * no `|`. An observing rule has buckets of its own, so that a rule that is enforced later starts with full ones.
 */
export function keyOf(rule: PaceRule, parts: readonly KeyPart[]): string {
  let key = keyHead(rule)
  for (const [name, value] of parts) key += `|${name} ${value.length}:${value}`
  if (key.length <= MAX_KEY_LENGTH) return key
  return `${rule.name}${HASHED}${createHash('sha256').update(key).digest('base64url')}`
}

/** Returns the begin of a rule's keys: its source and name, with a mark if it only observes. */
export function keyHead({ mode, source, name }: PaceRule): string {
  return `${mode === 'observe' ? '~' : ''}${source} ${name}`
}

/** Tells whether the key was too long to be kept as it is. */
export function isHashed(key: string): boolean {
  return key.length <= MAX_KEY_LENGTH && HASHED_KEY.test(key)
}
