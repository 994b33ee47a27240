import { describe, expect, it } from 'vitest'
import type { ActionClass } from '../../proxy/core/action-class.ts'
import { chargesOf } from '../../proxy/pacing/charges.ts'
import { LocalLimiter } from '../../proxy/pacing/limiter.ts'
import { RuleFinder } from '../../proxy/pacing/live-buckets.ts'
import { explainCharges, liveBuckets } from '../../proxy/pacing/limits-view.ts'
import { pacesFrom } from '../../proxy/pacing/paces.ts'
import { parseRate } from '../../proxy/pacing/rates.ts'
import { rulesFrom } from '../../proxy/pacing/rules.ts'

const NOW_MS = 1_795_468_084_000
const RULES = rulesFrom(pacesFrom(), [
  {
    name: 'fleet',
    classes: ['destructive'],
    per: ['fleet'],
    rate: parseRate('60/h'),
    burst: 3,
    maxWait: 5_000,
    mode: 'enforce',
  },
])

function scene() {
  const limiter = new LocalLimiter()
  const live = (nowMs: number, most: number) =>
    liveBuckets({ limiter, rules: new RuleFinder(RULES) }, () => true, nowMs, most)
  const owes = (agent: string, count = 1, name: ActionClass = 'destructive', factor = 1) =>
    chargesOf(
      { class: name, classes: [name], traits: [], count },
      { agent, root: agent, task: undefined, account: '*', region: 'r', service: 's', resources: ['*'] },
      RULES,
      { unboundedCount: 10, cascadeWeight: 1 },
      factor,
    )
  const spend = (agent: string, count = 1) => {
    const { enforced } = owes(agent, count)
    expect(limiter.take(enforced, NOW_MS).kind).toBe('now')
  }
  return { limiter, live, owes, spend }
}

describe('liveBuckets', () => {
  it('shows what is left of each bucket, and when it is full again', async () => {
    const { live, spend } = scene()
    spend('a', 2)
    spend('b')
    const { buckets, more } = await live(NOW_MS, 10)
    expect(more).toBe(0)
    expect(
      buckets.map(({ rule, per, level, fullAtMs }) => [rule, per, level, (fullAtMs ?? 0) - NOW_MS]),
    ).toEqual([
      ['fleet', { fleet: '' }, 0, 180_000],
      ['destructive', { agent: 'a' }, 0, 20_000],
      ['destructive', { agent: 'b' }, 1, 10_000],
    ])
  })

  it('leaves out what is full again, and says how many it did not show', async () => {
    const { live, spend } = scene()
    spend('a')
    spend('b')
    const later = await live(NOW_MS + 10_000, 10)
    expect(later.buckets.map(({ rule, level }) => [rule, level])).toEqual([['fleet', 1]])
    expect(await live(NOW_MS, 1)).toMatchObject({
      buckets: [{ rule: 'fleet' }],
      more: 2,
    })
  })
})

describe('explainDues', () => {
  it('names the bucket that makes the call wait, with the turn of each, and charges nothing', async () => {
    const { limiter, owes, spend } = scene()
    spend('a', 2)
    spend('b')
    for (let asked = 0; asked < 2; asked += 1) {
      const told = await explainCharges(owes('a'), limiter, NOW_MS)
      expect(told).toMatchObject({ verdict: 'throttled', limiting: 'fleet', maxWaitMs: 5_000 })
      expect(told.turnAtMs).toBe(NOW_MS + 60_000)
      expect(
        told.buckets.map(({ rule, weight, turnAtMs }) => [rule, weight, (turnAtMs ?? 0) - NOW_MS]),
      ).toEqual([
        ['destructive', 1, 10_000],
        ['fleet', 1, 60_000],
      ])
    }
  })

  it('tells held, at once, never and unpaced apart', async () => {
    const { limiter, owes } = scene()
    expect(await explainCharges(owes('a'), limiter, NOW_MS)).toMatchObject({ verdict: 'now', limiting: null })
    expect(await explainCharges(owes('a', 3), limiter, NOW_MS)).toMatchObject({
      verdict: 'never',
      turnAtMs: null,
      limiting: 'destructive',
    })
    expect(await explainCharges(owes('a', 1, 'read'), limiter, NOW_MS)).toMatchObject({
      verdict: 'unpaced',
      buckets: [],
    })
    const { enforced } = owes('a', 2, 'disruptive')
    limiter.take(enforced, NOW_MS)
    expect(await explainCharges(owes('a', 1, 'disruptive'), limiter, NOW_MS)).toMatchObject({
      verdict: 'held',
      turnAtMs: NOW_MS + 10_000,
    })
  })

  it('says that the agent is slowed', async () => {
    const { limiter, owes } = scene()
    const { buckets } = await explainCharges(owes('a', 1, 'destructive', 4), limiter, NOW_MS)
    expect(buckets.map(({ rule, slowed }) => [rule, slowed])).toEqual([
      ['destructive', 4],
      ['fleet', 1],
    ])
  })
})
