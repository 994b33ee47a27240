import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rateOf } from '../../proxy/pacing/gcra.ts'
import { LocalLimiter, type BucketCharge } from '../../proxy/pacing/limiter.ts'

const START_MS = 1_795_468_084_000
const charge = (key: string, weight = 1, rate = rateOf(6, 60_000, 2)): BucketCharge => ({ key, rate, weight })

/** The obvious reference: every thing that passed in the last `burst` intervals is remembered with its moment. */
class Reference {
  readonly #passed: { key: string; atMs: number; weight: number }[] = []

  /** Over every window that ends now, at most `burst + window / interval` things, this call's included. */
  allows(charges: readonly BucketCharge[], nowMs: number): boolean {
    return charges.every(({ key, rate, weight }) => {
      let things = weight
      if (things > rate.burst) return false
      for (const past of this.#passed.toReversed()) {
        if (past.key !== key) continue
        things += past.weight
        if (things * rate.intervalMs > rate.burst * rate.intervalMs + (nowMs - past.atMs)) return false
      }
      return true
    })
  }

  pass(charges: readonly BucketCharge[], nowMs: number): void {
    for (const { key, weight } of charges) this.#passed.push({ key, atMs: nowMs, weight })
  }
}

const RATES = { a: rateOf(6, 60_000, 2), b: rateOf(7, 1_000, 5), c: rateOf(60, 60_000, 100) }
const steps = fc.array(
  fc.record({
    gapMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 30_000 })),
    keys: fc.subarray(['a', 'b', 'c'] as const, { minLength: 1 }),
    weight: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 101 })),
  }),
  { maxLength: 150 },
)

describe('LocalLimiter', () => {
  it('agrees with a reference that counts every window, and passes exactly at the turn that it names', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const limiter = new LocalLimiter()
        const reference = new Reference()
        let nowMs = START_MS
        for (const { gapMs, keys, weight } of list) {
          nowMs += gapMs
          const charges = keys.map((key) => charge(key, weight, RATES[key]))
          const turn = limiter.take(charges, nowMs)
          expect(turn.kind === 'now').toBe(reference.allows(charges, nowMs))
          if (turn.kind === 'now') reference.pass(charges, nowMs)
          if (turn.kind !== 'at') continue
          expect(reference.allows(charges, turn.turnAtMs)).toBe(true)
          expect(reference.allows(charges, turn.turnAtMs - 1 / 1024)).toBe(false)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('charges all buckets or none', () => {
    const limiter = new LocalLimiter()
    limiter.take([charge('full', 2)], START_MS)
    const before = limiter.peek(['full', 'free'])
    expect(limiter.take([charge('free'), charge('full')], START_MS)).toEqual({
      kind: 'at',
      turnAtMs: START_MS + 10_000,
      limiting: 1,
    })
    expect(limiter.take([charge('free'), charge('other', 3)], START_MS)).toEqual({
      kind: 'never',
      limiting: 1,
    })
    expect(limiter.peek(['full', 'free'])).toEqual(before)
  })

  it('gains and loses nothing by refused tries', () => {
    const limiter = new LocalLimiter()
    limiter.take([charge('k', 2)], START_MS)
    for (let ms = 0; ms < 10_000; ms += 10) expect(limiter.take([charge('k')], START_MS + ms).kind).toBe('at')
    expect(limiter.take([charge('k')], START_MS + 10_000).kind).toBe('now')
  })

  it.each([0, -5, 3, NaN, Infinity])('never lets the weight %d pass a burst of 2', (weight) => {
    expect(new LocalLimiter().take([charge('k', weight)], START_MS).kind).toBe('never')
  })

  it('reserves a turn that comes within the time given, and no later one', () => {
    const limiter = new LocalLimiter()
    limiter.take([charge('k', 2)], START_MS)
    const turns = [1, 2, 3].map(() => limiter.take([charge('k')], START_MS, 20_000))
    expect(turns.map((turn) => turn.kind === 'at' && turn.turnAtMs - START_MS)).toEqual([
      10_000, 20_000, 30_000,
    ])
    expect(limiter.take([charge('k')], START_MS)).toMatchObject({ turnAtMs: START_MS + 30_000 })
  })

  it('gives nothing away when the clock goes back', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -60_000, max: 20_000 }), { maxLength: 200 }), (jumps) => {
        const limiter = new LocalLimiter()
        let nowMs = START_MS
        let elapsedMs = 0
        let passed = 0
        for (const jumpMs of jumps) {
          nowMs += jumpMs
          elapsedMs += Math.max(0, jumpMs)
          while (limiter.take([charge('k')], nowMs).kind === 'now') passed += 1
          expect(passed).toBeLessThanOrEqual(2 + elapsedMs / 10_000)
        }
      }),
    )
  })

  it('is never earlier for a call with more classes or a greater count (S2)', () => {
    const few = fc.subarray(['a', 'b', 'c'] as const, { minLength: 1 })
    const weight = fc.integer({ min: 1, max: 6 })
    fc.assert(
      fc.property(steps, few, few, weight, weight, (list, keys, moreKeys, things, moreThings) => {
        const turnOf = (asked: readonly ('a' | 'b' | 'c')[], count: number): number => {
          const limiter = new LocalLimiter()
          let nowMs = START_MS
          for (const past of list) {
            nowMs += past.gapMs
            limiter.take(
              past.keys.map((key) => charge(key, past.weight, RATES[key])),
              nowMs,
            )
          }
          const turn = limiter.take(
            asked.map((key) => charge(key, count, RATES[key])),
            nowMs,
          )
          return turn.kind === 'now' ? nowMs : turn.kind === 'at' ? turn.turnAtMs : Infinity
        }
        const more = [...new Set([...keys, ...moreKeys])]
        expect(turnOf(more, things)).toBeGreaterThanOrEqual(turnOf(keys, things))
        expect(turnOf(keys, things + moreThings)).toBeGreaterThanOrEqual(turnOf(keys, things))
      }),
    )
  })

  it('forgets full buckets, and only those', () => {
    const limiter = new LocalLimiter()
    limiter.take([charge('busy', 2, rateOf(1, 3_600_000, 2))], START_MS)
    for (let i = 0; i < 50_000; i += 1) limiter.take([charge(`agent-${i}`)], START_MS + i * 100)
    // One key every 100 ms that is full again after 10 s: about 100 are in use at any time.
    expect(limiter.size).toBeLessThan(500)
    expect(limiter.take([charge('busy', 2, rateOf(1, 3_600_000, 2))], START_MS + 5_000_000).kind).toBe('at')
  })
})
