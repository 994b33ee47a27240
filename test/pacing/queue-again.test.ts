import { describe, expect, it } from 'vitest'
import { LocalLimiter } from '../../proxy/pacing/limiter.ts'
import { RATES, ROOMY, DistantLimiter, scene, expectWithin } from './queue-scene.ts'

describe.each([
  ['a limiter in this process', () => new LocalLimiter()],
  ['a limiter that answers later', () => new DistantLimiter()],
])('PaceQueue, calls that are sent again, over %s', (_, limiter) => {
  const same = { identity: 'same', maxWaitMs: 30_000 }

  it('keeps the place of a client that left, for the same call only', async () => {
    const { time, ask, went, queue } = scene(ROOMY, limiter())
    ask('spent', ['slow'], { weight: 2 })
    const first = ask('first', ['slow'], same)
    ask('second', ['slow'])
    await time.advance(5_000)
    first.abort()
    await time.advance(1_000)
    expect([queue.held, queue.kept]).toEqual([1, 1])
    ask('another', ['slow'], { ...same, identity: 'another' })
    ask('again', ['slow'], same)
    await time.advance(0)
    expect([queue.held, queue.kept]).toEqual([3, 0])
    await time.advance(60_000)
    expect(went()).toEqual(['spent@0', 'again@10000', 'second@20000', 'another@30000'])
  })

  it('passes by a place whose client left, and charges nothing for it', async () => {
    const { time, ask, went, queue } = scene(ROOMY, limiter())
    ask('spent', ['slow'], { weight: 2 })
    const first = ask('first', ['slow'], same)
    ask('second', ['slow'])
    await time.advance(5_000)
    first.abort()
    await time.advance(10_000)
    ask('again', ['slow'], same)
    await time.advance(60_000)
    expect(went()).toEqual(['spent@0', 'second@10000', 'again@20000'])
    expect([queue.held, queue.kept, time.alarms]).toEqual([0, 0, 0])
  })

  it('gives the place to the newer of two that are there at once, and forwards one', async () => {
    const { time, ask, went, ended } = scene(ROOMY, limiter())
    ask('spent', ['slow'], { weight: 2 })
    await time.advance(0)
    ask('older', ['slow'], same)
    await time.advance(1_000)
    ask('newer', ['slow'], same)
    await time.advance(0)
    expect(ended()).toEqual(['spent:go', 'older:replaced'])
    await time.advance(60_000)
    expect(went()).toEqual(['spent@0', 'newer@10000'])
  })

  it('lets an older client that leaves after it was replaced change nothing', async () => {
    const { time, ask, went } = scene(ROOMY, limiter())
    ask('spent', ['slow'], { weight: 2 })
    const older = ask('older', ['slow'], same)
    ask('newer', ['slow'], same)
    await time.advance(1_000)
    older.abort()
    await time.advance(60_000)
    expect(went()).toEqual(['spent@0', 'newer@10000'])
  })

  it('charges every forward: one call sent in turn, in parallel, or with disconnects gains no pace', async () => {
    const { time, ask, went } = scene(ROOMY, limiter())
    for (let second = 0; second < 60; second += 1) {
      const clients = [1, 2, 3].map(() => ask('x', ['slow'], same))
      await time.advance(500)
      for (const client of clients) client.abort()
      await time.advance(500)
    }
    await time.advance(60_000)
    // A burst of two, and one each ten seconds.
    expectWithin(
      RATES.slow,
      went().map((each) => ({ atMs: Number(each.split('@')[1]), weight: 1 })),
    )
    expect(went().length).toBeLessThanOrEqual(2 + 6)
    expect(went().length).toBeGreaterThan(2)
  })

  it('gives one agent nothing for the identity of another', async () => {
    const { time, ask, went } = scene(ROOMY, limiter())
    ask('spent', ['slow'], { weight: 2 })
    ask('a', ['slow'], same).abort()
    ask('b spent', ['slow'], { holder: 'b', weight: 2 })
    ask('b first', ['slow'], { holder: 'b' })
    await time.advance(1_000)
    ask('b again', ['slow'], { ...same, holder: 'b' })
    await time.advance(60_000)
    expect(went()).toEqual(['spent@0', 'b spent@0', 'b first@10000', 'b again@20000'])
  })

  it('forgets a place after a minute, and all of them when it drains', async () => {
    const { time, ask, queue } = scene(ROOMY, limiter())
    ask('spent', ['slow'], { weight: 2 })
    ask('a', ['slow'], same)
    await time.advance(0)
    const leaving = ask('b', ['slow'], { ...same, identity: 'b' })
    await time.advance(1_000)
    leaving.abort()
    await time.advance(59_000)
    expect(queue.kept).toBe(1)
    await time.advance(1_000)
    expect([queue.kept, time.alarms]).toEqual([0, 0])
    ask('spent', ['slow'], { weight: 2 })
    const client = ask('c', ['slow'], same)
    await time.advance(1_000)
    client.abort()
    queue.drain()
    await time.advance(0)
    expect([queue.kept, time.alarms]).toEqual([0, 0])
  })

  it('keeps no more places than an agent may hold, and gives one up for a call that is there', async () => {
    const { time, ask, ended, queue } = scene({ heldPerAgent: 2, held: 3 }, limiter())
    ask('spent', ['slow'], { weight: 2 })
    await time.advance(0)
    for (const name of ['a', 'b', 'c', 'd']) {
      const client = ask(name, ['slow'], { ...same, identity: name })
      await time.advance(0)
      client.abort()
      await time.advance(0)
    }
    expect(queue.kept).toBe(2)
    ask('e', ['slow'])
    ask('f', ['slow'])
    await time.advance(0)
    ask('g', ['slow'])
    await time.advance(0)
    expect([queue.kept, queue.held]).toEqual([0, 2])
    expect(ended().at(-1)).toBe('g:full')
    await time.advance(60_000)
  })
})

describe('PaceQueue, calls whose turn does not come before a moment', () => {
  it("holds them until then, in nobody's way", async () => {
    const { time, ask, went } = scene()
    ask('dwelling', ['slow'], { notBeforeMs: 15_000 })
    for (const name of ['a', 'b', 'c']) ask(name, ['slow'])
    await time.advance(60_000)
    expect(went()).toEqual(['a@0', 'b@0', 'c@10000', 'dwelling@20000'])
  })

  it('counts the moment and the pace together when it says that a turn comes too late', async () => {
    const { time, ask, ended, outcomes } = scene()
    ask('late', ['slow'], { notBeforeMs: 15_000, maxWaitMs: 10_000 })
    await time.advance(0)
    expect(ended()).toEqual(['late:late'])
    expect(outcomes[0]?.passage).toMatchObject({ turnAtMs: time.nowMs() + 15_000 })
  })
})
