import { describe, expect, it } from 'vitest'
import { pacesFrom } from '../../proxy/pacing/paces.ts'
import { parseRate } from '../../proxy/pacing/rates.ts'
import { rulesFrom } from '../../proxy/pacing/rules.ts'
import { widenedRules, type Widened } from '../../proxy/pacing/widened.ts'

const FLEET = {
  name: 'fleet-destructive',
  classes: ['destructive'],
  per: ['fleet'],
  rate: parseRate('10/min'),
  burst: 5,
  maxWait: 1_000,
  mode: 'enforce',
} as const
const RULES = rulesFrom(pacesFrom(), [FLEET])
const UNDER: Widened = {
  id: 'bg-1',
  classes: ['destructive', 'write'],
  pace: { rate: parseRate('120/min'), burst: 20, maxWait: 10_000 },
}

describe('widenedRules', () => {
  it("replaces the class's own pace by another with a bucket of its own, and no other rule", () => {
    const widened = widenedRules(RULES, UNDER)
    expect(widened.get('destructive')).toMatchObject([
      { name: 'bg-1 destructive', per: ['agent'], intervalMs: 500, burst: 20, maxWaitMs: 20_000 },
      { name: 'destructive', per: ['root'], intervalMs: 10_000, burst: 2 },
      { name: 'fleet-destructive', intervalMs: 6_000, burst: 5 },
    ])
    expect(widened.get('destructive')?.slice(1)).toEqual(RULES.get('destructive')?.slice(1))
    for (const name of ['disruptive', 'data-delete', 'permissions'] as const)
      expect(widened.get(name)).toBe(RULES.get(name))
  })

  it('never slows: what is faster already keeps its rate, and its burst', () => {
    const [write] = widenedRules(RULES, UNDER).get('write') ?? []
    expect(write).toMatchObject({ intervalMs: 200, burst: 60, rateText: '300/min' })
    expect(widenedRules(RULES, UNDER).get('may-overwrite')?.[0]).toMatchObject({
      intervalMs: 250,
      burst: 100,
    })
  })

  it('leaves all as it is where no pace is widened', () => {
    expect(widenedRules(RULES, undefined)).toBe(RULES)
    expect(widenedRules(RULES, { ...UNDER, pace: undefined })).toBe(RULES)
  })
})
