import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canFit, chargedTatMs, FULL_TAT_MS, rateOf, slowed, turnAtMs } from '../../proxy/pacing/gcra.ts'

const NOW_MS = 1_795_468_084_000

describe('rateOf', () => {
  it('gives the exact interval where milliseconds hold it', () => {
    expect(rateOf(6, 60_000, 2)).toEqual({ intervalMs: 10_000, burst: 2 })
    expect(rateOf(300, 60_000, 60).intervalMs).toBe(200)
  })

  it('is never faster than asked for, and slower by less than a microsecond a thing', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e6 }),
        fc.constantFrom(1_000, 60_000, 3_600_000),
        (things, perMs) => {
          const { intervalMs } = rateOf(things, perMs, 1)
          expect(intervalMs * things).toBeGreaterThanOrEqual(perMs)
          expect(intervalMs - perMs / things).toBeLessThan(0.001)
        },
      ),
    )
  })
})

describe('canFit', () => {
  const rate = rateOf(6, 60_000, 2)
  it.each([0, -1, 3, NaN, Infinity])('refuses the weight %d for a burst of 2', (weight) => {
    expect(canFit(rate, weight)).toBe(false)
    expect(turnAtMs(FULL_TAT_MS, NOW_MS, rate, weight)).toBe(Infinity)
  })
  it.each([1, 2])('accepts the weight %d for a burst of 2', (weight) =>
    expect(canFit(rate, weight)).toBe(true),
  )
})

describe('turnAtMs', () => {
  const rate = rateOf(6, 60_000, 3)

  it('lets the whole burst pass at once, then one thing an interval', () => {
    let tatMs = FULL_TAT_MS
    for (const expectedMs of [0, 0, 0, 10_000, 20_000]) {
      const atMs = turnAtMs(tatMs, NOW_MS, rate, 1)
      expect(atMs - NOW_MS).toBe(expectedMs)
      tatMs = chargedTatMs(tatMs, atMs, rate, 1)
    }
  })

  it('weighs: three things in one call wait as three calls do', () => {
    const once = chargedTatMs(FULL_TAT_MS, NOW_MS, rate, 3)
    let thrice = FULL_TAT_MS
    for (let i = 0; i < 3; i += 1) thrice = chargedTatMs(thrice, NOW_MS, rate, 1)
    expect(once).toBe(thrice)
    expect(turnAtMs(once, NOW_MS, rate, 3) - NOW_MS).toBe(30_000)
  })

  it('is exact over a million charges of an interval that decimals cannot write', () => {
    const sevenths = rateOf(7, 1_000, 1)
    let tatMs = NOW_MS
    for (let i = 0; i < 1_000_000; i += 1) tatMs = chargedTatMs(tatMs, NOW_MS, sevenths, 1)
    expect(tatMs - NOW_MS).toBe(1_000_000 * sevenths.intervalMs)
  })

  it('waits longer, never shorter, when the clock goes back', () => {
    const tatMs = chargedTatMs(FULL_TAT_MS, NOW_MS, rate, 3)
    expect(turnAtMs(tatMs, NOW_MS - 3_600_000, rate, 1)).toBe(NOW_MS + 10_000)
  })
})

describe('slowed', () => {
  const rate = rateOf(6, 60_000, 3)

  it('leaves the rate alone for a factor of 1, and for what is no factor', () => {
    for (const factor of [1, 0.5, 0, -1, NaN]) expect(slowed(rate, 1, factor)).toBe(rate)
  })

  it('makes each thing take the factor times as long, and still lets a whole burst go from a full bucket', () => {
    expect(slowed(rate, 3, 4)).toEqual({ intervalMs: 40_000, burst: 3, usualMs: 10_000 })
    expect(turnAtMs(FULL_TAT_MS, NOW_MS, slowed(rate, 3, 4), 3)).toBe(NOW_MS)
  })

  it('hands out nothing at the moment of slowing: no turn comes earlier than unslowed, in whatever state', () => {
    const state = fc.integer({ min: -60_000, max: 600_000 })
    fc.assert(
      fc.property(
        state,
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 20 }),
        fc.double({ min: 1, max: 1000, noNaN: true }),
        (owedMs, weight, burst, factor) => {
          const usual = rateOf(6, 60_000, burst)
          const slow = slowed(usual, weight, factor)
          const tatMs = NOW_MS + owedMs
          expect(turnAtMs(tatMs, NOW_MS, slow, weight)).toBeGreaterThanOrEqual(
            turnAtMs(tatMs, NOW_MS, usual, weight),
          )
          expect(canFit(slow, weight)).toBe(canFit(usual, weight))
        },
      ),
    )
  })
})
