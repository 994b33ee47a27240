import { describe, expect, it } from 'vitest'
import { pacesFrom } from '../../proxy/pacing/paces.ts'
import { parseRate } from '../../proxy/pacing/rates.ts'

const setting = (rate: string, burst: number, maxWait: number) => ({ rate: parseRate(rate), burst, maxWait })

describe('pacesFrom', () => {
  it('paces what the contract paces, and neither read, list nor tagging', () => {
    const paces = pacesFrom()
    expect(
      Object.fromEntries(
        [...paces].map(([name, { rateText, burst, maxWaitMs }]) => [name, [rateText, burst, maxWaitMs]]),
      ),
    ).toEqual({
      destructive: ['6/min', 2, 20_000],
      disruptive: ['6/min', 2, 20_000],
      protection: ['6/min', 2, 20_000],
      permissions: ['6/min', 2, 20_000],
      credentials: ['6/min', 2, 20_000],
      opaque: ['30/min', 10, 20_000],
      'data-delete': ['60/min', 100, 20_000],
      write: ['300/min', 60, 5_000],
      'may-overwrite': ['240/min', 100, 5_000],
    })
  })

  it('keeps the default of a class that is not configured (S2)', () => {
    const paces = pacesFrom({ destructive: setting('1/min', 1, 45_000), read: setting('50/s', 100, 0) })
    expect(paces.get('destructive')).toMatchObject({ intervalMs: 60_000, burst: 1, maxWaitMs: 45_000 })
    expect(paces.get('read')).toMatchObject({ intervalMs: 20, burst: 100, maxWaitMs: 0 })
    expect(paces.get('permissions')).toEqual(pacesFrom().get('permissions'))
  })

  it.each([
    ['a burst of 0', setting('1/s', 0, 0), /burst is 0: give a whole number from 1/],
    ['half a thing', setting('1/s', 1.5, 0), /burst is 1.5/],
    ['a wait longer than clients wait', setting('1/s', 1, 45_001), /maxWait is 45001 ms: give 0s to 45s/],
    ['a wait that is no number', setting('1/s', 1, NaN), /maxWait is NaN ms/],
  ])('refuses %s, naming the key', (_, write, message) => {
    expect(() => pacesFrom({ write })).toThrow(message)
    expect(() => pacesFrom({ write })).toThrow(/^pacing\.classes\.write\./)
  })
})
