import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rateOf, type Rate } from '../../proxy/pacing/gcra.ts'
import { LocalLimiter, type BucketCharge, type Limiter, type Turn } from '../../proxy/pacing/limiter.ts'
import type { QueueOutcome } from '../../proxy/pacing/queue-outcome.ts'
import { PaceQueue, type QueueLimits } from '../../proxy/pacing/queue.ts'
import { VirtualTime } from '../../proxy/core/virtual-time.ts'

const RATES = { slow: rateOf(6, 60_000, 2), wide: rateOf(60, 60_000, 100), brisk: rateOf(7, 1_000, 5) }
type Key = keyof typeof RATES
const ROOMY = { heldPerAgent: 100, held: 10_000 }

interface Ask {
  readonly holder?: string
  readonly weight?: number
  readonly maxWaitMs?: number
  readonly rate?: Rate
  readonly judge?: () => void
  readonly identity?: string
  /** From the start of the scene. */
  readonly notBeforeMs?: number
  /** Charged in a bucket of that name that every holder has in common, too. */
  readonly fleet?: Key
}

interface Outcome {
  readonly name: string
  readonly passage: QueueOutcome
  readonly atMs: number
}

async function later(): Promise<void> {
  for (let turns = 0; turns < 10; turns += 1) await Promise.resolve()
}

/** Answers later, as a limiter elsewhere does. */
class DistantLimiter implements Limiter {
  readonly #near = new LocalLimiter()

  async take(charges: readonly BucketCharge[], nowMs: number, reserveWithinMs?: number): Promise<Turn> {
    await later()
    return this.#near.take(charges, nowMs, reserveWithinMs)
  }

  async peek(keys: readonly string[]): Promise<readonly number[]> {
    await later()
    return this.#near.peek(keys)
  }
}

function scene(limits: QueueLimits = ROOMY, limiter: Limiter = new LocalLimiter()) {
  const time = new VirtualTime()
  const startMs = time.nowMs()
  const queue = new PaceQueue({ limiter, clock: time, timer: time, limits })
  const outcomes: Outcome[] = []
  const ask = (
    name: string,
    keys: readonly Key[],
    { holder = 'agent', weight = 1, maxWaitMs = 45_000, rate, judge = () => {}, ...rest }: Ask = {},
  ) => {
    const client = new AbortController()
    const own = keys.map((key) => ({ key: `${key} ${holder}`, rate: rate ?? RATES[key], weight }))
    const shared =
      rest.fleet === undefined ? [] : [{ key: `${rest.fleet} fleet`, rate: RATES[rest.fleet], weight }]
    const note = (passage: QueueOutcome): unknown =>
      outcomes.push({ name, passage, atMs: time.nowMs() - startMs })
    const passage = queue.enter({
      holder,
      charges: [...own, ...shared],
      shared,
      maxWaitMs,
      notBeforeMs: rest.notBeforeMs === undefined ? 0 : startMs + rest.notBeforeMs,
      identity: () => rest.identity,
      judge,
      gone: client.signal,
    })
    if (passage instanceof Promise)
      void passage.then(note, (error: Error) =>
        outcomes.push({ name: `${name}: ${error.message}`, passage: { kind: 'gone' }, atMs: 0 }),
      )
    else note(passage)
    return client
  }
  const went = (): string[] =>
    outcomes.filter(({ passage }) => passage.kind === 'go').map(({ name, atMs }) => `${name}@${atMs}`)
  const ended = (): string[] => outcomes.map(({ name, passage }) => `${name}:${passage.kind}`)
  return { time, queue, ask, outcomes, went, ended }
}

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

interface Arrival {
  readonly keys: readonly Key[]
  readonly weight: number
  readonly maxWaitMs: number
}

function expectPaced(key: Key, arrivals: readonly Arrival[], outcomes: readonly Outcome[]): void {
  const { burst, intervalMs } = RATES[key]
  const passed = outcomes.flatMap(({ name, passage, atMs }) => {
    const arrival = arrivals[Number(name)]
    if (passage.kind !== 'go' || arrival?.keys.includes(key) !== true) return []
    expect(passage.waitedMs).toBeLessThanOrEqual(arrival.maxWaitMs + 1)
    return [{ index: Number(name), atMs, weight: arrival.weight }]
  })
  expect(passed.map(({ index }) => index)).toEqual(passed.map(({ index }) => index).toSorted((a, b) => a - b))
  expectWithin({ burst, intervalMs }, passed)
}

/** Over any window no more than the burst and what the rate gives. */
function expectWithin(
  { burst, intervalMs }: Rate,
  passed: readonly { readonly atMs: number; readonly weight: number }[],
): void {
  for (const [from, first] of passed.entries()) {
    let things = 0
    for (const each of passed.slice(from)) {
      things += each.weight
      expect(things).toBeLessThanOrEqual(burst + (each.atMs - first.atMs) / intervalMs)
    }
  }
}

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
