import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rateOf } from '../../proxy/pacing/gcra.ts'
import { LocalLimiter, type Limiter } from '../../proxy/pacing/limiter.ts'
import { RATES, ROOMY, DistantLimiter, scene, expectPaced } from './queue-scene.ts'

describe.each([
  ['a limiter in this process', () => new LocalLimiter()],
  ['a limiter that answers later', () => new DistantLimiter()],
])('PaceQueue over %s', (_, limiter) => {
  it('lets the burst pass at once and the rest one interval apart, in order of arrival', async () => {
    const { time, ask, went, ended, outcomes } = scene(ROOMY, limiter())
    for (const name of ['a', 'b', 'c', 'd', 'e']) ask(name, ['slow'], { maxWaitMs: 20_000 })
    await time.advance(60_000)
    expect(went()).toEqual(['a@0', 'b@0', 'c@10000', 'd@20000'])
    expect(ended()).toContain('e:late')
    expect(outcomes.find(({ name }) => name === 'e')).toMatchObject({ atMs: 0, passage: { limiting: 0 } })
    expect(outcomes.map(({ passage }) => passage)).toContainEqual({ kind: 'go', waitedMs: 20_000 })
  })

  it('never lets a small call overtake a big one of the same bucket', async () => {
    const { time, ask, went } = scene(ROOMY, limiter())
    ask('first', ['wide'], { weight: 90 })
    ask('big', ['wide'], { weight: 20 })
    ask('small', ['wide'], { weight: 1 })
    await time.advance(60_000)
    expect(went()).toEqual(['first@0', 'big@10000', 'small@11000'])
  })

  it('keeps the order in a bucket with room, if the call ahead waits for another bucket', async () => {
    const { time, ask, went } = scene(ROOMY, limiter())
    ask('spent', ['slow'], { weight: 2 })
    ask('both', ['slow', 'wide'])
    ask('behind', ['wide'])
    ask('elsewhere', ['brisk'])
    await time.advance(60_000)
    expect(went()).toEqual(['spent@0', 'elsewhere@0', 'both@10000', 'behind@10000'])
  })

  it('moves those behind up when a client leaves, who is not charged', async () => {
    const { time, ask, went, ended, queue } = scene(ROOMY, limiter())
    ask('a', ['slow'], { weight: 2 })
    const big = ask('big', ['slow'], { weight: 2 })
    ask('c', ['slow'])
    ask('d', ['slow'])
    await time.advance(5_000)
    expect(queue.held).toBe(3)
    big.abort()
    await time.advance(60_000)
    expect(ended()).toContain('big:gone')
    expect(went()).toEqual(['a@0', 'c@10000', 'd@20000'])
    expect(queue.held).toBe(0)
  })

  it('keeps no place for a client that leaves while the limiter is still asked', async () => {
    const { time, ask, went, ended, queue } = scene(ROOMY, limiter())
    ask('a', ['slow'], { weight: 2 })
    await time.advance(0)
    ask('b', ['slow']).abort()
    ask('c', ['slow'])
    await time.advance(0)
    expect(ended()).toEqual(['a:go', 'b:gone'])
    expect(queue.held).toBe(1)
    await time.advance(60_000)
    expect(went()).toEqual(['a@0', 'c@10000'])
    expect(queue.held).toBe(0)
  })

  it('gives no pace to one who enters and leaves again and again', async () => {
    const { time, ask, went } = scene(ROOMY, limiter())
    ask('a', ['slow'], { weight: 2 })
    ask('waiting', ['slow'])
    for (let i = 0; i < 90; i += 1) {
      const client = ask('fickle', ['slow'])
      await time.advance(100)
      client.abort()
    }
    await time.advance(60_000)
    expect(went()).toEqual(['a@0', 'waiting@10000'])
  })

  it('sends held calls away when it drains, uncharged, and lets through only what need not wait', async () => {
    const { time, ask, queue, ended } = scene(ROOMY, limiter())
    for (const name of ['a', 'b', 'c']) ask(name, ['slow'])
    await time.advance(0)
    queue.drain()
    for (const name of ['d', 'e']) ask(name, [name === 'd' ? 'slow' : 'wide'])
    await time.advance(60_000)
    expect(ended().toSorted()).toEqual(['a:go', 'b:go', 'c:draining', 'd:draining', 'e:go'])
    expect(queue.held).toBe(0)
    expect(time.alarms).toBe(0)
  })

  it('refuses more than the places of one agent, and more than all places', async () => {
    const { time, ask, ended, queue } = scene({ heldPerAgent: 2, held: 3 }, limiter())
    for (const holder of ['x', 'y', 'z']) ask(`${holder}0`, ['slow'], { holder, weight: 2 })
    await time.advance(0)
    for (const holder of ['x', 'x', 'x', 'y', 'z']) {
      ask(holder, ['slow'], { holder })
      await time.advance(0)
    }
    expect(ended()).toEqual(['x0:go', 'y0:go', 'z0:go', 'x:full', 'z:full'])
    expect(queue.held).toBe(3)
    await time.advance(60_000)
    expect(queue.held).toBe(0)
  })

  it('passes as foreseen: in order in each bucket, within the wait promised, never over the pace', async () => {
    const arrival = fc.record({
      gapMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 9_000 })),
      keys: fc.subarray(['slow', 'wide', 'brisk'] as const, { minLength: 1 }),
      weight: fc.integer({ min: 1, max: 2 }),
      maxWaitMs: fc.constantFrom(0, 5_000, 20_000, 45_000),
      leavesAfterMs: fc.option(fc.integer({ min: 1, max: 30_000 }), { freq: 4, nil: undefined }),
    })
    const plan = fc.array(arrival, { minLength: 1, maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(plan, async (arrivals) => {
        const { time, ask, outcomes, queue } = scene(ROOMY, limiter())
        for (const [index, { gapMs, leavesAfterMs, keys, ...rest }] of arrivals.entries()) {
          await time.advance(gapMs)
          const client = ask(String(index), keys, rest)
          await time.advance(0)
          if (leavesAfterMs !== undefined) time.after(leavesAfterMs, () => client.abort())
        }
        await time.advance(200_000)
        expect(outcomes).toHaveLength(arrivals.length)
        expect(queue.held).toBe(0)
        for (const key of ['slow', 'wide', 'brisk'] as const) expectPaced(key, arrivals, outcomes)
      }),
      { numRuns: 60 },
    )
  }, 30_000)
})

describe('PaceQueue', () => {
  it('answers at once, without a promise, what passes, what never can, and whose client has left', () => {
    const { queue } = scene()
    const enter = (weight: number, gone = new AbortController().signal) =>
      queue.enter({
        holder: 'agent',
        charges: [{ key: 'k', rate: RATES.slow, weight }],
        shared: [],
        maxWaitMs: 0,
        notBeforeMs: 0,
        identity: () => undefined,
        judge: () => {},
        gone,
      })
    expect(enter(1)).toEqual({ kind: 'go', waitedMs: 0 })
    expect(enter(3)).toEqual({ kind: 'never', limiting: 0 })
    expect(enter(NaN)).toEqual({ kind: 'never', limiting: 0 })
    expect(enter(1, AbortSignal.abort())).toEqual({ kind: 'gone' })
    expect(enter(1)).toEqual({ kind: 'go', waitedMs: 0 })
  })

  it('keeps its promise to a held call though every timer rings late', async () => {
    const { time, ask, went, ended } = scene()
    const one = { rate: rateOf(6, 60_000, 1), maxWaitMs: 30_000 }
    for (const name of ['a', 'b', 'c', 'd', 'e']) ask(name, ['slow'], one)
    await time.advance(60_000, 15)
    expect(went()).toEqual(['a@0', 'b@10015', 'c@20030', 'd@30045'])
    expect(ended()).toContain('e:late')
  })

  it('waits longer, and gives nothing away, when the clock goes back', async () => {
    const { time, ask, went, ended } = scene()
    ask('a', ['slow'], { weight: 2 })
    ask('b', ['slow'], { maxWaitMs: 20_000 })
    await time.advance(1_000)
    time.jump(-30_000)
    ask('c', ['slow'], { maxWaitMs: 20_000 })
    await time.advance(38_000)
    expect(ended()).toEqual(['a:go', 'c:late'])
    await time.advance(2_000)
    expect(went()).toEqual(['a@0', 'b@10000'])
  })

  it('sends a held call away when a shared limiter lets others take its turn', async () => {
    const limiter = new LocalLimiter()
    const { time, ask, ended, outcomes } = scene(ROOMY, limiter)
    ask('a', ['slow'], { weight: 2 })
    ask('b', ['slow'], { maxWaitMs: 20_000 })
    ask('c', ['slow'], { maxWaitMs: 20_000 })
    await time.advance(1_000)
    limiter.take([{ key: 'slow agent', rate: RATES.slow, weight: 2 }], time.nowMs(), 60_000)
    await time.advance(60_000)
    expect(ended()).toEqual(['a:go', 'b:late', 'c:late'])
    expect(Math.max(...outcomes.map(({ atMs }) => atMs))).toBeLessThanOrEqual(21_000)
  })

  it('keeps one alarm for a lane, however many wait, and none when nobody does', async () => {
    const { time, ask } = scene()
    for (let i = 0; i < 50; i += 1) ask(String(i), ['brisk'])
    await time.advance(0)
    expect(time.alarms).toBe(1)
    await time.advance(60_000)
    expect(time.alarms).toBe(0)
  })

  it('fails closed when the limiter fails, and goes on when it answers again', async () => {
    const near = new LocalLimiter()
    let broken = true
    const limiter: Limiter = {
      take: (charges, nowMs) =>
        broken ? Promise.reject(new Error('store is gone')) : near.take(charges, nowMs),
      peek: (keys) => near.peek(keys),
    }
    const { time, ask, went, ended, queue } = scene(ROOMY, limiter)
    ask('a', ['slow'])
    ask('b', ['slow'])
    await time.advance(0)
    expect(ended()).toEqual(['a: store is gone:gone', 'b: store is gone:gone'])
    broken = false
    ask('c', ['slow'])
    expect(went()).toEqual(['c@0'])
    expect(queue.held).toBe(0)
  })

  it('does not hold one agent for another', async () => {
    const { time, ask, went } = scene()
    ask('a', ['slow'], { weight: 2 })
    ask('a', ['slow'])
    ask('other', ['slow'], { holder: 'other' })
    await time.advance(0)
    expect(went()).toEqual(['a@0', 'other@0'])
  })

  it('sends away, at once and uncharged, what is forbidden by the time it is judged again', async () => {
    const { time, ask, went, ended, queue } = scene()
    let frozen = false
    const judge = (): void => {
      if (frozen) throw new Error('frozen')
    }
    ask('a', ['slow'], { weight: 2 })
    ask('b', ['slow'], { judge })
    ask('c', ['slow'])
    await time.advance(1_000)
    frozen = true
    queue.reconsider()
    await time.advance(0)
    expect(ended()).toEqual(['a:go', 'b: frozen:gone'])
    // Its place is free: c goes when b would have gone.
    await time.advance(9_000)
    expect(went()).toEqual(['a@0', 'c@10000'])
    expect(queue.held).toBe(0)
  })
})
