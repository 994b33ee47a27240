/** The limiter, told as plainly as can be: what passed is remembered, and every window of it is counted. */
import fc from 'fast-check'
import { rateOf, type Rate } from '../../proxy/pacing/gcra.ts'
import type { BucketCharge } from '../../proxy/pacing/limiter.ts'

interface Passed {
  readonly atMs: number
  readonly weight: number
}

export class Reference {
  /** Of each key, what passed since the bucket was full last: no window over that moment can be fuller than one after it. */
  readonly #passed = new Map<string, Passed[]>()

  /** Whether every window that ends now holds at most `burst + window / interval` things, this call's included. */
  allows(charges: readonly BucketCharge[], nowMs: number): boolean {
    return charges.every(({ key, rate, weight }) => {
      if (!(weight >= 1 && weight <= rate.burst)) return false
      return this.#fullestMs(key, rate, nowMs) + weight * rate.intervalMs <= rate.burst * rate.intervalMs
    })
  }

  pass(charges: readonly BucketCharge[], nowMs: number): void {
    for (const { key, rate, weight } of charges) {
      const kept = this.#fullestMs(key, rate, nowMs) > 0 ? (this.#passed.get(key) ?? []) : []
      kept.push({ atMs: nowMs, weight })
      this.#passed.set(key, kept)
    }
  }

  /** Of all windows that end now: the most that passed beyond what the rate let through meanwhile, as time. */
  #fullestMs(key: string, { intervalMs }: Rate, nowMs: number): number {
    let [things, mostMs] = [0, 0]
    for (const { atMs, weight } of (this.#passed.get(key) ?? []).toReversed()) {
      things += weight
      mostMs = Math.max(mostMs, things * intervalMs - (nowMs - atMs))
    }
    return mostMs
  }
}

const RATES = { a: rateOf(6, 60_000, 2), b: rateOf(7, 1_000, 5), c: rateOf(60, 60_000, 30) }

export interface Try {
  /** After the try before; or, of a try that was told its turn, before that turn. */
  readonly gapMs: number
  readonly since: 'last' | 'turn'
  readonly charges: readonly BucketCharge[]
}

/** A call that comes some time after the one before, or at its turn, and is charged in up to three buckets. */
export const tries: fc.Arbitrary<Try> = fc
  .tuple(
    fc.oneof(
      fc.constant({ gapMs: 0, since: 'last' as const }),
      fc.nat(300).map((gapMs) => ({ gapMs, since: 'last' as const })),
      fc.nat(30_000).map((gapMs) => ({ gapMs, since: 'last' as const })),
      fc.constantFrom(0, 1 / 1024).map((gapMs) => ({ gapMs, since: 'turn' as const })),
    ),
    fc.constantFrom('a', 'b', 'c', 'ab', 'ac', 'bc', 'abc'),
    fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 31 })),
  )
  .map(([when, keys, weight]) => ({
    ...when,
    charges: ['a' as const, 'b' as const, 'c' as const]
      .filter((key) => keys.includes(key))
      .map((key) => ({ key, rate: RATES[key], weight })),
  }))
