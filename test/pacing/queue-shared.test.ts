import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RATES, type Key, scene, expectWithin } from './queue-scene.ts'

describe('PaceQueue, buckets that agents share', () => {
  const asAgents = (names: string) => names.split(' ').map((holder) => ({ holder, fleet: 'slow' }) as const)

  it('serves agents in the order in which they came to wait for the bucket', async () => {
    const { time, ask, went } = scene()
    for (const each of asAgents('a b c d e')) ask(each.holder, ['wide'], each)
    await time.advance(60_000)
    expect(went()).toEqual(['a@0', 'b@0', 'c@10000', 'd@20000', 'e@30000'])
  })

  it('lets no newcomer overtake whoever waits, though the bucket has room for it', async () => {
    const { time, ask, went } = scene()
    ask('a', ['wide'], { holder: 'a', fleet: 'slow' })
    ask('big', ['wide'], { holder: 'b', fleet: 'slow', weight: 2 })
    await time.advance(1_000)
    ask('small', ['wide'], { holder: 'c', fleet: 'slow' })
    await time.advance(60_000)
    expect(went()).toEqual(['a@0', 'big@10000', 'small@20000'])
  })

  it('holds up nobody for an agent that waits for itself', async () => {
    const { time, ask, went } = scene()
    ask('a', ['slow'], { holder: 'a', weight: 2 })
    for (let i = 0; i < 3; i += 1) ask('a', ['slow'], { holder: 'a', fleet: 'wide' })
    await time.advance(1_000)
    ask('b', ['slow'], { holder: 'b', fleet: 'wide' })
    expect(went()).toEqual(['a@0', 'b@1000'])
    await time.advance(60_000)
    expect(went().slice(2)).toEqual(['a@10000', 'a@20000', 'a@30000'])
  })

  it('moves the others up when one that waits for the bucket leaves', async () => {
    const { time, ask, went } = scene()
    ask('a', ['wide'], { holder: 'a', fleet: 'slow', weight: 2 })
    const leaving = ask('b', ['wide'], { holder: 'b', fleet: 'slow', weight: 2 })
    ask('c', ['wide'], { holder: 'c', fleet: 'slow' })
    await time.advance(1_000)
    leaving.abort()
    await time.advance(60_000)
    expect(went()).toEqual(['a@0', 'c@10000'])
  })

  it('foresees the turn of a newcomer behind others, and says so at once where it comes too late', async () => {
    const { time, ask, ended, outcomes } = scene()
    for (const each of asAgents('a b c d')) ask(each.holder, ['wide'], { ...each, maxWaitMs: 25_000 })
    await time.advance(0)
    ask('e', ['wide'], { holder: 'e', fleet: 'slow', maxWaitMs: 25_000 })
    await time.advance(0)
    expect(ended()).toEqual(['a:go', 'b:go', 'e:late'])
    expect(outcomes.at(-1)?.passage).toMatchObject({ kind: 'late', limiting: 1 })
    await time.advance(60_000)
  })

  it('ends every wait, over the pace of no bucket, however agents share them', async () => {
    const arrival = fc.record({
      gapMs: fc.integer({ min: 0, max: 4_000 }),
      holder: fc.constantFrom('a', 'b', 'c', 'd'),
      own: fc.subarray(['wide', 'brisk'] as const, { minLength: 1 }),
      fleet: fc.constantFrom<Key | undefined>('slow', 'brisk', undefined),
      weight: fc.integer({ min: 1, max: 2 }),
      leavesAfterMs: fc.option(fc.integer({ min: 1, max: 30_000 }), { freq: 4, nil: undefined }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(arrival, { minLength: 1, maxLength: 25 }), async (arrivals) => {
        const { time, ask, outcomes, queue } = scene()
        for (const [index, { gapMs, holder, own, fleet, weight, leavesAfterMs }] of arrivals.entries()) {
          await time.advance(gapMs)
          const client = ask(String(index), own, { holder, weight, ...(fleet && { fleet }) })
          if (leavesAfterMs !== undefined) time.after(leavesAfterMs, () => client.abort())
        }
        await time.advance(200_000)
        expect(outcomes).toHaveLength(arrivals.length)
        expect([queue.held, queue.kept, time.alarms]).toEqual([0, 0, 0])
        for (const key of ['slow', 'brisk'] as const) {
          const passed = outcomes
            .filter(({ name, passage }) => passage.kind === 'go' && arrivals[Number(name)]?.fleet === key)
            .map(({ name, atMs }) => ({ atMs, weight: arrivals[Number(name)]?.weight ?? 0 }))
          expectWithin(RATES[key], passed)
        }
      }),
      { numRuns: 100 },
    )
  }, 30_000)
})
