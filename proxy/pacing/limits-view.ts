/** Shows buckets to operators: how full they are, when they are full again, and why a call would wait. */
import type { KeyPart } from './bucket-key.ts'
import type { Charges } from './charges.ts'
import { convertedTatMs, FULL_TAT_MS, turnAtMs, type Rate } from './gcra.ts'
import type { KeptBuckets, Limiter } from './limiter.ts'
import type { Bucket, RuleFinder } from './live-buckets.ts'
import type { PaceRule } from './rules.ts'

/** Describes a bucket for operators. */
export interface BucketView {
  readonly rule: string
  readonly mode: 'enforce' | 'observe'
  /** The values that the bucket belongs to: `{ agent: ID }`. */
  readonly per: Readonly<Record<string, string>>
  readonly rate: string
  readonly burst: number
  /** The number of things that may go at once now. */
  readonly level: number
  /** The time when it is full again, in milliseconds since the epoch; null if it is full. */
  readonly fullAtMs: number | null
}

/** Describes one bucket that a call would be charged in. */
export interface ChargeView extends BucketView {
  readonly weight: number
  /** The factor by which its agent is slowed, 1 or more. */
  readonly slowed: number
  /** The time at which this bucket alone would let the call go; null if never. */
  readonly turnAtMs: number | null
}

/** Explains when a call could go. */
export interface Explanation {
  /** Each bucket that the call would be charged in, including those of observing rules. */
  readonly buckets: readonly ChargeView[]
  /** The time at which all buckets would let it go; null if never, because it counts more than a burst. */
  readonly turnAtMs: number | null
  readonly maxWaitMs: number
  readonly verdict: 'unpaced' | 'now' | 'held' | 'throttled' | 'never'
  /** The rule that makes it wait. */
  readonly limiting: string | null
}

/** Selects buckets by their rules and parts. */
export type BucketFilter = (bucket: Bucket) => boolean

/** The most buckets that are read from the store at once. */
const MOST_READ = 10_000

/**
 * Returns the buckets that are not full, of all processes, the one that is full again last first: at most `most`, and the
 * number of the rest. Buckets of rules that are not in force any more are left out: they bind nobody.
 */
export async function liveBuckets(
  { limiter, rules }: { readonly limiter: KeptBuckets; readonly rules: RuleFinder },
  filter: BucketFilter,
  nowMs: number,
  most: number,
): Promise<{ readonly buckets: readonly BucketView[]; readonly more: number }> {
  const { buckets, more } = await limiter.live(nowMs, MOST_READ)
  const views = buckets.flatMap(({ key, fullInMs, intervalMs }) => {
    const bucket = rules.find(key)
    if (bucket === undefined || !filter(bucket)) return []
    const tatMs = convertedTatMs(nowMs + fullInMs, nowMs, intervalMs, bucket.rule.intervalMs)
    return [viewOf(bucket.rule, bucket.parts, tatMs, nowMs)]
  })
  return { buckets: views.slice(0, most), more: more + Math.max(0, views.length - most) }
}

/** Explains when a call with these charges could go if nothing else waited. Charges nothing. */
export async function explainCharges(
  charges: Charges,
  limiter: Limiter,
  nowMs: number,
): Promise<Explanation> {
  const all = [...charges.enforced, ...charges.observed]
  const rates = all.map(({ rate }) => rate)
  const tats = await limiter.peek(
    all.map(({ key }) => key),
    { rates, nowMs },
  )
  const buckets = all.map(({ rule, parts, rate, weight }, index): ChargeView => {
    const tatMs = tats[index] ?? FULL_TAT_MS
    const turn = turnAtMs(tatMs, nowMs, rate, weight)
    return {
      ...viewOf(rule, parts, tatMs, nowMs, rate),
      weight,
      slowed: rate.intervalMs / rule.intervalMs,
      turnAtMs: turn === Infinity ? null : turn,
    }
  })
  let latest: ChargeView | undefined
  for (const each of buckets.slice(0, charges.enforced.length)) {
    if (latest === undefined || laterOf(each) > laterOf(latest)) latest = each
  }
  const turn = latest === undefined ? nowMs : laterOf(latest)
  return {
    buckets,
    turnAtMs: turn === Infinity ? null : turn,
    maxWaitMs: charges.enforced.length === 0 ? 0 : charges.maxWaitMs,
    verdict: latest === undefined ? 'unpaced' : verdictOf(turn, nowMs, charges.maxWaitMs),
    limiting: turn > nowMs ? (latest?.rule ?? null) : null,
  }
}

function laterOf({ turnAtMs: turn }: ChargeView): number {
  return turn ?? Infinity
}

function verdictOf(turnMs: number, nowMs: number, maxWaitMs: number): Explanation['verdict'] {
  if (turnMs === Infinity) return 'never'
  if (turnMs <= nowMs) return 'now'
  return turnMs <= nowMs + maxWaitMs ? 'held' : 'throttled'
}

function viewOf(
  rule: PaceRule,
  parts: readonly KeyPart[],
  tatMs: number,
  nowMs: number,
  rate: Rate = rule,
): BucketView {
  const owed = Math.max(0, tatMs - nowMs) / rate.intervalMs
  return {
    rule: rule.name,
    mode: rule.mode,
    per: Object.fromEntries(parts),
    rate: rule.rateText,
    burst: rule.burst,
    level: Math.max(0, Math.floor(rule.burst - owed)),
    fullAtMs: tatMs > nowMs ? tatMs : null,
  }
}
