import { describe, expect, it } from 'vitest'
import { Denial } from '../../../proxy/core/denial/denial.ts'
import { pacesFrom, type PacedName } from '../../../proxy/pacing/paces.ts'
import { parseRate } from '../../../proxy/pacing/rates.ts'
import { scene, type Ask, classKey, decided } from './pace-scene.ts'

describe('pace', () => {
  it('leaves alone, at once, what is not paced', () => {
    const { stage, waits } = scene()
    const exchange = decided({ classes: ['read', 'list', 'tagging'], count: 1_000_000 })
    expect(stage(exchange)).toEqual({ ...exchange, waitedMs: undefined, wouldThrottle: undefined })
    expect(waits).toEqual([])
  })

  it('lets the burst pass, holds what comes within maxWait, and says in words when the next turn is', async () => {
    const { run, time, waits, depths } = scene()
    const calls = Array.from({ length: 5 }, () => run(decided()))
    await time.advance(20_000)
    const [a, b, c, d, e] = await Promise.all(calls)
    expect([a, b, c, d].map((each) => each?.paced?.waitedMs)).toEqual([0, 0, 10_000, 20_000])
    expect(e?.atMs).toBe(0)
    expect(e?.denial).toMatchObject({ reason: 'paced', retryAfterMs: 30_000 })
    expect(e?.denial?.message).toBe(
      "This agent's pace for class destructive is 6/min, at most 2 at once. This call counts 1: its turn comes in " +
        '30 s, at 2026-11-23T12:00:30.000Z; it may be held for 20 s.',
    )
    expect(waits.map(([label, seconds]) => `${label} ${seconds}`)).toEqual(
      [0, 0, 10, 20].map((seconds) => `destructive ${seconds}`),
    )
    expect(depths.at(-1)).toEqual(['destructive', 0])
    expect(Math.max(...depths.map(([, held]) => held))).toBe(3)
  })

  it('counts a batch by its things', async () => {
    const { run } = scene()
    const batch = decided({ classes: ['data-delete'], count: 90 })
    expect((await run(batch)).paced?.waitedMs).toBe(0)
    const { denial } = await run(decided({ classes: ['data-delete'], count: 50 }))
    expect(denial).toMatchObject({ reason: 'paced', retryAfterMs: 40_000 })
  })

  it('refuses for good what can never fit the burst, and says how to split it', async () => {
    const { run } = scene()
    const { denial } = await run(decided({ classes: ['write', 'data-delete'], count: 1_000 }))
    expect(denial).toMatchObject({ reason: 'pace_exceeds_burst', retryAfterMs: undefined })
    expect(denial?.message).toMatch(/counts 1000, so its turn never comes; send at most 60 in one call/)
  })

  it.each([NaN, Infinity])('fails closed for the count %d', async (count) => {
    const { run } = scene()
    expect((await run(decided({ count }))).denial?.reason).toBe('pace_exceeds_burst')
  })

  it.each([0, -5, 0.5])('weighs the count %d as 1', async (count) => {
    const { run, limiter, time } = scene()
    await run(decided({ count }))
    expect(limiter.peek([classKey('destructive')])).toEqual([time.nowMs() + 10_000])
  })

  it('charges more for what reaches an unknown number of things, and a burst at most (S14)', async () => {
    const { run, limiter, time } = scene()
    const left = (name: PacedName): number => {
      const rate = pacesFrom().get(name)
      if (rate === undefined) return -1
      let count = 0
      for (let kind = 'now'; kind === 'now'; count++) {
        kind = limiter.take([{ key: classKey(name), rate, weight: 1 }], time.nowMs(), 0).kind
      }
      return count - 1
    }
    await run(decided({ classes: ['opaque'], call: { traits: ['unbounded'] } }))
    expect(left('opaque')).toBe(0)
    await run(decided({ classes: ['data-delete'], count: 2, call: { traits: ['cascade'] } }))
    expect(left('data-delete')).toBe(100 - 2 * 3)
    await run(decided({ call: { traits: ['unbounded', 'cascade'] } }))
    expect(left('destructive')).toBe(0)
  })

  it('charges a write that may replace what is there in a bucket of its own too (S14)', async () => {
    const { run } = scene({
      paces: pacesFrom({ write: { rate: parseRate('1000/s'), burst: 1000, maxWait: 0 } }),
    })
    const writes = Array.from({ length: 101 }, () =>
      decided({ classes: ['write'], call: { traits: ['may-overwrite'] } }),
    )
    const first = await Promise.all(writes.slice(0, 100).map((each) => run(each)))
    expect(first.every(({ paced }) => paced?.waitedMs === 0)).toBe(true)
    const { denial } = await run(
      decided({ classes: ['write'], count: 50, call: { traits: ['may-overwrite'] } }),
    )
    expect(denial?.reason).toBe('paced')
  })

  it('charges the label though the list of classes lacks it, and a class that is listed twice once', async () => {
    const { run, limiter, time } = scene()
    await run(decided({ classes: ['write', 'write'], call: { class: 'destructive' } }))
    const nowMs = time.nowMs()
    expect(limiter.peek([classKey('destructive'), classKey('write')])).toEqual([nowMs + 10_000, nowMs + 200])
  })

  it('refuses more held calls than the queue has places', async () => {
    const { run, time } = scene({ limits: { heldPerAgent: 1, held: 10 } })
    const calls = [decided({ count: 2 }), decided(), decided()].map((each) => run(each))
    await time.advance(20_000)
    const ends = await Promise.all(calls)
    expect(ends.map((each) => each.denial?.reason)).toEqual([undefined, undefined, 'queue_full'])
    expect(ends[2]?.denial?.retryAfterMs).toBe(20_000)
  })

  it('frees the place of a client that leaves, uncharged', async () => {
    const { run, time } = scene()
    const client = new AbortController()
    const calls = [decided({ count: 2 }), decided({ gone: client.signal }), decided()].map((each) =>
      run(each),
    )
    await time.advance(3_000)
    client.abort()
    await time.advance(20_000)
    const ends = await Promise.all(calls)
    expect(ends[1]).toMatchObject({ atMs: 3_000, denial: { reason: 'client_gone' } })
    expect(ends[2]?.paced?.waitedMs).toBe(10_000)
  })

  it('answers held calls when the proxy drains', async () => {
    const { run, time, queue } = scene()
    const calls = [decided({ count: 2 }), decided()].map((each) => run(each))
    await time.advance(1_000)
    queue.drain()
    expect((await Promise.all(calls))[1]?.denial?.reason).toBe('draining')
  })
})

describe('pace, leaving the queue (S4)', () => {
  it('judges a held call again at its turn, and one that was not held not at all', async () => {
    const judged: number[] = []
    const { run, time } = scene({ recheck: () => void judged.push(time.nowMs()) })
    const startMs = time.nowMs()
    const calls = [run(decided({ count: 2 })), run(decided())]
    await time.advance(20_000)
    await Promise.all(calls)
    expect(judged).toEqual([startMs + 10_000])
  })

  it('refuses what became worse during the hold, and keeps the charge', async () => {
    let revoked = false
    const { run, time } = scene({
      recheck: () => {
        if (revoked) throw new Denial('policy_denied', 'The grant was taken back.')
      },
    })
    const calls = [decided({ count: 2 }), decided(), decided()].map((each) => run(each))
    await time.advance(5_000)
    revoked = true
    await time.advance(5_000)
    revoked = false
    await time.advance(10_000)
    const ends = await Promise.all(calls)
    expect(ends[1]).toMatchObject({ atMs: 10_000, denial: { reason: 'policy_denied' } })
    expect(ends[2]?.paced?.waitedMs).toBe(20_000)
  })

  it('forwards nothing for a client that leaves while it is judged', async () => {
    const client = new AbortController()
    const { run, time } = scene({ recheck: () => client.abort() })
    const calls = [run(decided({ count: 2 })), run(decided({ gone: client.signal }))]
    await time.advance(10_000)
    expect((await Promise.all(calls))[1]?.denial?.reason).toBe('client_gone')
  })
})

describe('pace in observe mode', () => {
  it('neither holds nor refuses, and tells what enforcing would have done', async () => {
    const { run, time } = scene({ mode: 'observe' })
    const ends = []
    for (const count of [1, 1, 1, 1, 1, 3]) ends.push(await run(decided({ count })))
    expect(ends.map(({ atMs, paced }) => [atMs, paced?.waitedMs, paced?.wouldThrottle])).toEqual([
      [0, 0, undefined],
      [0, 0, undefined],
      [0, 0, 'paced'],
      [0, 0, 'paced'],
      [0, 0, 'paced'],
      [0, 0, 'pace_exceeds_burst'],
    ])
    // Two were within the burst, two would have been held and are owed for, the fifth would have been refused.
    await time.advance(30_000)
    expect((await run(decided())).paced?.wouldThrottle).toBeUndefined()
    expect((await run(decided())).paced?.wouldThrottle).toBe('paced')
  })
})

describe('pace of what policy would deny in observe mode', () => {
  it('charges nothing, as enforce mode would have refused it before its pace', async () => {
    const { run } = scene({ mode: 'observe' })
    const denied = decided({ wouldDeny: 'policy_denied' })
    for (let calls = 0; calls < 5; calls++) expect((await run(denied)).paced?.wouldThrottle).toBeUndefined()
    const ends = [await run(decided()), await run(decided()), await run(decided())]
    expect(ends.map(({ paced }) => paced?.wouldThrottle)).toEqual([undefined, undefined, 'paced'])
  })
})

describe('pace of an agent that is slowed', () => {
  it('takes the factor times as long, for this agent alone, and says so', async () => {
    const { run } = scene({ slowdownOf: (id) => (id === 'agent' ? 4 : 1) })
    expect((await run(decided({ count: 2 }))).paced?.waitedMs).toBe(0)
    const { denial } = await run(decided())
    expect(denial).toMatchObject({ reason: 'paced', retryAfterMs: 70_000 })
    expect(denial?.message).toContain('at most 2 at once, now slowed 4 times')
    const other = [await run(decided({ agent: 'b' })), await run(decided({ agent: 'b' }))]
    expect(other.map(({ paced }) => paced?.waitedMs)).toEqual([0, 0])
  })
})

describe('pace of a call that is sent again (S11)', () => {
  const again = (ask: Ask = {}) => {
    const client = new AbortController()
    return { client, exchange: decided({ invocationId: '1f0c2a0e', gone: client.signal, ...ask }) }
  }

  it('keeps its place and goes once', async () => {
    const { run, time } = scene()
    const spent = run(decided({ count: 2 }))
    const first = again()
    const calls = [run(first.exchange), run(decided())]
    await time.advance(5_000)
    first.client.abort()
    await time.advance(1_000)
    calls.push(run(again().exchange))
    await time.advance(20_000)
    const [left, behind, resent] = await Promise.all(calls)
    expect(left?.denial?.reason).toBe('client_gone')
    expect([resent?.atMs, behind?.atMs]).toEqual([10_000, 20_000])
    expect(resent?.paced?.waitedMs).toBe(4_000)
    await spent
  })

  it('is told, where it is there twice, that the newer one took its place', async () => {
    const { run, time } = scene()
    const calls = [decided({ count: 2 }), again().exchange, again().exchange].map((each) => run(each))
    await time.advance(20_000)
    const [, older, newer] = await Promise.all(calls)
    expect(older?.denial).toMatchObject({
      reason: 'client_gone',
      message: expect.stringContaining('took its place'),
    })
    expect(newer?.paced?.waitedMs).toBe(10_000)
  })

  it.each<[string, Ask]>([
    ['another body', { body: 'other' }],
    ['another id', { invocationId: '2' }],
    ['another service', { service: 'rds' }],
    ['another region', { region: 'eu-central-1' }],
    ['another operation', { call: { operation: 'DeleteOther' } }],
    ['no id', { invocationId: '' }],
    ['an id that is too long', { invocationId: 'x'.repeat(129) }],
  ])('is another call with %s', async (_, other) => {
    const { run, time } = scene()
    const calls = [decided({ count: 2 }), again().exchange, again(other).exchange].map((each) => run(each))
    await time.advance(20_000)
    expect((await Promise.all(calls)).map(({ atMs }) => atMs)).toEqual([0, 10_000, 20_000])
  })

  it('costs N for N forwards: a repeat of what went is a new call', async () => {
    const { run, limiter, time } = scene()
    await run(again().exchange)
    await run(again().exchange)
    expect((await Promise.all([run(again().exchange), time.advance(10_000)]))[0].paced?.waitedMs).toBe(10_000)
    expect(limiter.peek([classKey('destructive')])).toEqual([time.nowMs() + 20_000])
  })
})
