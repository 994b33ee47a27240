/** Says whose bucket a key of the store is: the store is the one place that knows every bucket, also after a restart. Pure. */
import { isHashed, keyHead, type KeyPart } from './bucket-key.ts'
import { ruleLabel, type PaceRule, type PaceRules } from './rules.ts'

/** A LiveBucket is a bucket that is not full. */
export interface LiveBucket {
  readonly key: string
  /** Milliseconds until it is full again, if nothing more is charged. */
  readonly fullInMs: number
  /** The interval of the rate that it was charged by; undefined: of the rule in force. */
  readonly intervalMs: number | undefined
}

/** Buckets that are not full, the one that is full again last first. */
export interface LiveBuckets {
  readonly buckets: readonly LiveBucket[]
  /** The number of buckets that were left out. */
  readonly more: number
}

/** A Bucket is a bucket of a rule that is in force. */
export interface Bucket {
  readonly rule: PaceRule
  readonly parts: readonly KeyPart[]
}

interface ReadKey {
  readonly head: string
  readonly parts: readonly KeyPart[]
}

/** Returns the buckets that are full again last. */
export function latestOf(live: Iterable<LiveBucket>, most: number): LiveBuckets {
  const sorted = [...live].sort((one, other) => other.fullInMs - one.fullInMs)
  return { buckets: sorted.slice(0, most), more: Math.max(0, sorted.length - most) }
}

/** Returns, by the head of its keys and by interval, a rule's emptiest bucket. */
export function emptiestOf(live: Iterable<LiveBucket>): LiveBucket[] {
  const emptiest = new Map<string, LiveBucket>()
  for (const each of live) {
    const name = `${headOf(each.key)}|${each.intervalMs}`
    if (each.fullInMs > (emptiest.get(name)?.fullInMs ?? 0)) emptiest.set(name, each)
  }
  return [...emptiest.values()]
}

/** Finds the rules of buckets by their keys. A key of a rule that is not in force any more has none. */
export class RuleFinder {
  readonly #byHead = new Map<string, PaceRule[]>()

  constructor(...inForce: readonly PaceRules[]) {
    const seen = new Set(inForce.flatMap((rules) => [...rules.values()].flat()))
    for (const rule of seen)
      for (const head of [keyHead(rule), rule.name]) {
        const known = this.#byHead.get(head)
        if (known === undefined) this.#byHead.set(head, [rule])
        else known.push(rule)
      }
  }

  /** Returns the bucket of a key; undefined if its rule is not in force. A key that was too long to be kept has its hash in place of its parts. */
  find(key: string): Bucket | undefined {
    if (isHashed(key)) {
      const [name = ''] = key.split('|', 1)
      const [rule] = this.#byHead.get(name) ?? []
      return rule && { rule, parts: [['sha256', key.slice(name.length + '|sha256:'.length)]] }
    }
    const read = readKey(key)
    const rule = this.#byHead.get(read?.head ?? '')?.find(({ per }) => isPer(per, read?.parts ?? []))
    return rule && read && { rule, parts: read.parts }
  }

  /** Returns how full the emptiest bucket of each rule is, 1 for a full one, by the rules' names in the configuration. */
  levels(emptiest: readonly LiveBucket[]): Map<string, number> {
    const fill = new Map<string, number>()
    for (const [head, rules] of this.#byHead) {
      const live = emptiest.filter(({ key }) => headOf(key) === head)
      for (const rule of rules) {
        const owed = live.map(({ fullInMs, intervalMs = rule.intervalMs }) => fullInMs / intervalMs)
        const level = Math.max(0, 1 - Math.max(0, ...owed) / rule.burst)
        const label = ruleLabel(rule)
        fill.set(label, Math.min(level, fill.get(label) ?? 1))
      }
    }
    return fill
  }
}

/** Returns the head of a key, as `keyHead` makes it; of a hashed key, the rule's name. A rule's name has no `|`. */
export function headOf(key: string): string {
  const end = key.indexOf('|')
  return end === -1 ? key : key.slice(0, end)
}

/** Reads what `keyOf` writes: each value has its length before it, so it may hold any character. */
function readKey(key: string): ReadKey | undefined {
  const parts: KeyPart[] = []
  let at = headOf(key).length
  while (at < key.length) {
    const match = /^\|([a-z]+) (\d+):/.exec(key.slice(at, at + 32))
    if (match === null) return undefined
    const [whole, name = '', length = ''] = match
    const from = at + whole.length
    at = from + Number(length)
    if (at > key.length) return undefined
    parts.push([name, key.slice(from, at)])
  }
  return { head: headOf(key), parts }
}

/** Tells whether a rule has buckets of such parts. Without a task, the agent stands in its place. */
function isPer(per: PaceRule['per'], parts: readonly KeyPart[]): boolean {
  return (
    per.length === parts.length &&
    per.every((dimension, index) => {
      const name = parts[index]?.[0]
      return name === dimension || (dimension === 'task' && name === 'agent')
    })
  )
}
