import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canFit, chargedTatMs, FULL_TAT_MS, rateOf, turnAtMs } from '../../proxy/pacing/gcra.ts'

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
