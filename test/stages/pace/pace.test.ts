import { existsSync, readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ACTION_CLASSES, severest, type ActionClass } from '../../../proxy/core/action-class.ts'
import { Denial } from '../../../proxy/core/denial/denial.ts'
import type { Approved, Paced } from '../../../proxy/exchange/exchange.ts'
import type { Call } from '../../../proxy/core/call.ts'
import { HeaderFields } from '../../../proxy/core/http/headers.ts'
import { LocalLimiter } from '../../../proxy/pacing/limiter.ts'
import { Buckets } from '../../../proxy/pacing/buckets.ts'
import { pacesFrom, type PacedName, type Paces } from '../../../proxy/pacing/paces.ts'
import { PaceQueue } from '../../../proxy/pacing/queue.ts'
import { parseRate } from '../../../proxy/pacing/rates.ts'
import { rulesFrom, type RuleSetting } from '../../../proxy/pacing/rules.ts'
import { FirstSeen } from '../../../proxy/pacing/first-seen.ts'
import { pace } from '../../../proxy/stages/pace/pace.ts'
import { VirtualTime } from '../../pacing/virtual-time.ts'

interface Scene {
  readonly paces?: Paces
  readonly rules?: readonly RuleSetting[]
  readonly dwellMs?: number
  readonly slowdownOf?: (agentId: string) => number
  readonly mode?: 'enforce' | 'observe'
  readonly recheck?: (exchange: Approved) => void
  readonly limits?: { heldPerAgent: number; held: number }
}

function scene({ paces = pacesFrom(), mode = 'enforce', recheck = () => {}, limits, ...rest }: Scene = {}) {
  const time = new VirtualTime(Date.UTC(2026, 10, 23, 12))
  const startMs = time.nowMs()
  const limiter = new LocalLimiter()
  const queue = new PaceQueue({
    limiter,
    clock: time,
    timer: time,
    limits: limits ?? { heldPerAgent: 100, held: 10_000 },
  })
  const waits: (readonly [ActionClass, number])[] = []
  const depths: (readonly [ActionClass, number])[] = []
  const stage = pace({
    queue,
    limiter,
    pacing: () => ({
      rules: rulesFrom(paces, rest.rules),
      weights: { unboundedCount: 10, cascadeWeight: 3 },
      dwellMs: rest.dwellMs ?? 0,
    }),
    slowdownOf: rest.slowdownOf ?? (() => 1),
    firstSeen: new FirstSeen(),
    buckets: new Buckets(),
    clock: time,
    mode: () => mode,
    recheck,
    metrics: {
      waited: (label, seconds) => waits.push([label, seconds]),
      depth: (label, held) => depths.push([label, held]),
    },
  })
  /** What became of each call: `{ atMs, paced }` or `{ atMs, denial }`. */
  const run = async (exchange: Approved): Promise<{ atMs: number; paced?: Paced; denial?: Denial }> => {
    try {
      const paced = await stage(exchange)
      return { atMs: time.nowMs() - startMs, paced }
    } catch (error) {
      if (error instanceof Denial) return { atMs: time.nowMs() - startMs, denial: error }
      throw error
    }
  }
  return { time, limiter, queue, stage, run, waits, depths }
}

interface Ask {
  readonly classes?: readonly ActionClass[]
  readonly count?: number
  readonly agent?: string
  readonly service?: string
  readonly region?: string
  readonly gone?: AbortSignal
  readonly root?: string
  readonly task?: string
  readonly ancestors?: readonly string[]
  readonly invocationId?: string
  readonly body?: string
  readonly call?: Partial<Call>
}

/** The bucket of a class's own pace. */
const classKey = (name: PacedName, agent = 'agent'): string => `class ${name}|agent ${agent.length}:${agent}`

/** A decided exchange with the facts that pace reads; nothing else of it is looked at. */
function decided(ask: Ask = {}): Approved {
  const { classes = ['destructive'], count = 1, agent = 'agent', service = 'ec2', region = 'eu-west-1' } = ask
  const call: Call = {
    service,
    model: service,
    operation: 'DeleteThing',
    protocol: 'ec2',
    actions: [],
    resources: ['*'],
    count,
    class: severest(classes),
    classes,
    traits: [],
    unmodelled: [],
    facts: {},
    accessLevel: 'Write',
    hostPrefix: '',
    bucket: undefined,
    ...ask.call,
  }
  const facts = {
    headers: new HeaderFields(
      ask.invocationId === undefined ? [] : ['amz-sdk-invocation-id', ask.invocationId],
    ),
    method: 'POST',
    path: '/',
    query: '',
    payload: { kind: 'hashed', sha256: ask.body ?? '' },
    requestId: 'r',
    client: { address: '127.0.0.1', gone: ask.gone ?? new AbortController().signal },
    reply: {} as ServerResponse,
    agent: {
      id: agent,
      root: ask.root ?? agent,
      accessKeyId: 'AKID',
      session:
        ask.task === undefined ? undefined : { task: { id: ask.task, ancestors: ask.ancestors ?? [] } },
    },
    authorization: {
      accessKeyId: 'AKID',
      presigned: undefined,
      scope: { date: '20261123', region, service },
      signedHeaders: [],
      signature: '',
    },
    call,
  }
  return facts as unknown as Approved
}

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

const rule = (name: string, rest: Partial<RuleSetting> = {}): RuleSetting => ({
  name,
  classes: ['destructive'],
  per: ['fleet'],
  rate: parseRate('60/h'),
  burst: 3,
  maxWait: 0,
  mode: 'enforce',
  ...rest,
})

describe('pace rules', () => {
  it('hold agents to a budget that they share, and name the rule', async () => {
    const { run } = scene({ rules: [rule('fleet-budget')] })
    const ends = []
    for (const agent of ['a', 'b', 'c', 'd']) ends.push(await run(decided({ agent })))
    expect(ends.map(({ denial }) => denial?.reason)).toEqual([undefined, undefined, undefined, 'paced'])
    expect(ends[3]?.denial?.message).toBe(
      'Rule fleet-budget (per fleet; destructive) is 60/h, at most 3 at once. This call counts 1: its turn comes in ' +
        '60 s, at 2026-11-23T12:01:00.000Z; it may be held for 0 s.',
    )
  })

  it('hold the tasks and agents of one root to one budget', async () => {
    const { run } = scene({ rules: [rule('team', { classes: ['write'], per: ['root'] })] })
    const write = (agent: string, root: string) =>
      run(decided({ classes: ['write'], agent, root, task: agent }))
    const ends = []
    for (const agent of ['a', 'b', 'c', 'd']) ends.push(await write(agent, 'team'))
    expect(ends.filter(({ paced }) => paced !== undefined)).toHaveLength(3)
    expect((await write('e', 'others')).paced).toBeDefined()
  })

  it('are no faster for a hundred identities of one root than for one (S20)', async () => {
    const finishedMs = async (agentOf: (index: number) => { agent: string; root: string }) => {
      const { run, time } = scene()
      const startMs = time.nowMs()
      for (let done = 0; done < 100;) {
        let isOver = false
        const passage = run(decided(agentOf(done))).finally(() => (isOver = true))
        while (!isOver) await time.advance(1_000)
        if ((await passage).paced !== undefined) done += 1
      }
      return time.nowMs() - startMs
    }
    const one = await finishedMs(() => ({ agent: 'one', root: 'one' }))
    const many = await finishedMs((index) => ({ agent: `fresh-${index}`, root: 'ci:{repository}' }))
    const apart = await finishedMs((index) => ({ agent: `apart-${index}`, root: `apart-${index}` }))
    expect(one).toBeGreaterThan(15 * 60_000)
    expect(many).toBe(one)
    expect(apart).toBeLessThan(one / 5)
  })

  it('have a budget for each task, which the tasks opened from it share (S20)', async () => {
    const { run } = scene({ rules: [rule('each-task', { classes: ['write'], per: ['task'], burst: 2 })] })
    const write = (task: string, root: string, ...ancestors: string[]) =>
      run(decided({ classes: ['write'], task, root, ancestors }))
    const ends = [
      await write('t', 'r'),
      await write('child', 'r', 't'),
      await write('grandchild', 'r', 't', 'child'),
    ]
    expect(ends.map(({ denial }) => denial?.reason)).toEqual([undefined, undefined, 'paced'])
    // Agents choose the names of their tasks.
    expect((await write('t', 'another')).paced).toBeDefined()
  })

  it('charge nothing in any bucket for a call that one of them refuses', async () => {
    const { run, limiter, time } = scene({ rules: [rule('tight', { burst: 1 })] })
    await run(decided())
    for (let i = 0; i < 50; i += 1) expect((await run(decided())).denial?.reason).toBe('paced')
    expect(limiter.peek([classKey('destructive')])).toEqual([time.nowMs() + 10_000])
  })

  it('that observe hold nothing back, say what they would have done, and charge a bucket of their own', async () => {
    const observing = rule('trial', { mode: 'observe', burst: 1 })
    const { run, limiter, time } = scene({ rules: [observing, rule('other', { mode: 'observe', burst: 9 })] })
    const ends = [
      await run(decided()),
      await run(decided({ agent: 'b' })),
      await run(decided({ agent: 'c' })),
    ]
    expect(ends.map(({ paced }) => [paced?.waitedMs, paced?.wouldThrottle, paced?.wouldRules])).toEqual([
      [0, undefined, undefined],
      [0, 'paced', ['trial']],
      [0, 'paced', ['trial']],
    ])
    expect(limiter.peek(['~rule trial|fleet 0:', 'rule trial|fleet 0:'])).toEqual([time.nowMs() + 60_000, 0])
  })

  it('that observe are not charged for a call that is refused', async () => {
    const { run, limiter } = scene({
      rules: [rule('trial', { mode: 'observe' }), rule('tight', { burst: 1 })],
    })
    await run(decided())
    const [before] = limiter.peek(['~rule trial|fleet 0:'])
    expect((await run(decided())).denial?.reason).toBe('paced')
    expect(limiter.peek(['~rule trial|fleet 0:'])).toEqual([before])
  })

  it('can pace reads, and observe them though they have no pace', async () => {
    const reads = rule('reads', { classes: ['read'], per: ['agent', 'service'], mode: 'observe', burst: 1 })
    const { run } = scene({ rules: [reads] })
    const read = decided({ classes: ['read'] })
    expect((await run(read)).paced).toMatchObject({ waitedMs: undefined, wouldThrottle: undefined })
    expect((await run(read)).paced).toMatchObject({ waitedMs: undefined, wouldRules: ['reads'] })
    expect((await run(decided({ classes: ['read'], service: 's3' }))).paced?.wouldRules).toBeUndefined()
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

describe('pace with dwell', () => {
  const dwellMs = 15_000
  const target = (resources: readonly string[], ask: Ask = {}): Approved =>
    decided({ ...ask, call: { resources, ...ask.call } })
  const read = (resources: readonly string[], ask: Ask = {}): Approved =>
    target(resources, { classes: ['read'], ...ask })

  it('holds what destroys a thing that was never seen for the whole dwell', async () => {
    const { run, time } = scene({ dwellMs })
    const end = run(target(['arn:1']))
    await time.advance(20_000)
    expect((await end).paced?.waitedMs).toBe(15_000)
  })

  it('counts from the first sight, and lets go what has been known for long enough', async () => {
    const { run, time } = scene({ dwellMs })
    await run(read(['arn:1']))
    await time.advance(10_000)
    await run(read(['arn:1', 'arn:2']))
    const old = run(target(['arn:1']))
    const young = run(target(['arn:2']))
    await time.advance(20_000)
    expect([(await old).paced?.waitedMs, (await young).paced?.waitedMs]).toEqual([5_000, 15_000])
    expect((await run(target(['arn:1']))).paced?.waitedMs).toBe(0)
  })

  it('says when, where that is longer than it may be held; sent then, it goes', async () => {
    const { run, time } = scene({ dwellMs: 60_000 })
    const { denial } = await run(target(['arn:1']))
    expect(denial?.reason).toBe('dwell')
    expect(denial?.message).toBe(
      'A resource may be destroyed only 60 s after its agent first saw it. "arn:1" was first seen 0 s ago: the turn of ' +
        'this call comes in 60 s, at 2026-11-23T12:01:00.000Z; it may be held for 20 s.',
    )
    // Sending it again and again neither resets the time nor shortens it.
    await time.advance(30_000)
    for (let i = 0; i < 5; i += 1)
      expect((await run(target(['arn:1']))).denial?.message).toContain('30 s ago')
    await time.advance(30_000)
    expect((await run(target(['arn:1']))).paced?.waitedMs).toBe(0)
  })

  it('takes no call for a sight that its pace refused', async () => {
    const { run, time } = scene({ dwellMs, rules: [rule('writes', { classes: ['write'], burst: 1 })] })
    await run(target(['arn:other'], { classes: ['write'] }))
    expect((await run(target(['arn:1'], { classes: ['write'] }))).denial?.reason).toBe('paced')
    await time.advance(10_000)
    const end = run(target(['arn:1']))
    await time.advance(20_000)
    expect((await end).paced?.waitedMs).toBe(15_000)
  })

  it('counts an unknown resource from the first call of the agent', async () => {
    const { run, time } = scene({ dwellMs })
    await run(read(['arn:1']))
    await time.advance(10_000)
    const end = run(target(['*']))
    await time.advance(20_000)
    expect((await end).paced?.waitedMs).toBe(5_000)
  })

  it('has one agent, and one task, know nothing by the sights of another', async () => {
    const { run, time } = scene({ dwellMs })
    await run(read(['arn:1'], { task: 'one' }))
    await run(read(['arn:1'], { agent: 'b' }))
    await time.advance(30_000)
    const ends = [run(target(['arn:1'])), run(target(['arn:1'], { task: 'two' }))]
    await time.advance(20_000)
    expect((await Promise.all(ends)).map(({ paced }) => paced?.waitedMs)).toEqual([15_000, 15_000])
    await time.advance(20_000)
    expect((await run(target(['arn:1'], { task: 'one' }))).paced?.waitedMs).toBe(0)
  })

  it('is for what destroys alone', async () => {
    const { run, time } = scene({ dwellMs })
    for (const each of ['write', 'data-delete', 'disruptive', 'protection', 'permissions'] as const)
      expect((await run(target(['arn:1'], { classes: [each] }))).paced?.waitedMs).toBe(0)
    // By any of its classes, not by its label alone.
    const both = run(
      target(['arn:2'], { classes: ['destructive', 'protection'], call: { class: 'protection' } }),
    )
    await time.advance(20_000)
    expect((await both).paced?.waitedMs).toBe(15_000)
  })

  it('in observe mode says what it would have done', async () => {
    const { run } = scene({ dwellMs, mode: 'observe' })
    expect((await run(target(['arn:1']))).paced).toMatchObject({ waitedMs: 0, wouldThrottle: 'dwell' })
  })
})

/** Sends every call again at the time that its denial names, as terraform does for hours: when each went. */
async function destroy(burst: readonly { readonly service: string; readonly atMs: number }[]) {
  const { run, time } = scene()
  const insist = async (service: string): Promise<number> => {
    const { atMs, denial } = await run(decided({ service }))
    if (denial === undefined) return atMs
    await new Promise<void>((resolve) => void time.after(denial.retryAfterMs ?? NaN, resolve))
    return insist(service)
  }
  const calls = burst.map(({ service }) => insist(service))
  await time.advance(600_000)
  return (await Promise.all(calls)).toSorted((a, b) => a - b)
}

async function replay(burst: readonly { readonly service: string; readonly atMs: number }[]) {
  const { run, time } = scene()
  const calls = []
  let elapsedMs = 0
  for (const [index, { service, atMs }] of burst.entries()) {
    await time.advance(atMs - elapsedMs)
    elapsedMs = atMs
    calls.push(run(decided({ service, region: `region-${index}` })))
  }
  await time.advance(60_000)
  return Promise.all(calls)
}

describe('pace, spreading over services (S1)', () => {
  const services = [
    's3',
    'elasticloadbalancing',
    'ecs',
    'ec2',
    'logs',
    'rds',
    'iam',
    'ec2',
    's3',
    'ec2',
    's3',
  ]
  const builtIn = services.map((service, index) => ({ service, atMs: index * 10 }))

  it('lets at most the burst of 11 destructive calls over 7 services in 0.1 s pass at once', async () => {
    const ends = await replay(builtIn)
    const passed = ends.filter(({ paced }) => paced !== undefined).map(({ atMs }) => atMs)
    expect(passed).toHaveLength(4)
    expect(passed.filter((atMs) => atMs < 1_000)).toHaveLength(2)
    expect(ends.filter(({ denial }) => denial?.reason === 'paced')).toHaveLength(7)
  })

  const trace = new URL('../../../../shared/data/trace-terraform-destroy.jsonl', import.meta.url)
  const recorded = existsSync(trace)
  if (!recorded) console.warn('SKIPPED: the recorded terraform destroy is missing (shared/data)')
  it.skipIf(!recorded)('lets at most the burst of the recorded terraform destroy pass at once', async () => {
    const entries = readFileSync(trace, 'utf8')
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line))
    const acts = (entries as { t: number; svc: string; act: string }[])
      .filter(({ act }) => /^(Delete|Terminate|Modify|DELETE )|\?delete=/.test(act))
      .toSorted((a, b) => a.t - b.t)
    const startMs = acts[0]?.t ?? 0
    const burst = acts
      .map(({ t, svc }) => ({ service: svc, atMs: t - startMs }))
      .filter(({ atMs }) => atMs <= 100)
    expect(burst).toHaveLength(11)
    expect(new Set(burst.map(({ service }) => service)).size).toBe(7)
    const passedAtOnce = (await replay(burst)).filter(
      ({ atMs, paced }) => paced !== undefined && atMs < 1_000,
    )
    expect(passedAtOnce).toHaveLength(2)
    expect(await destroy(burst)).toEqual([0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((turn) => turn * 10_000))
  })
})

/** When a call passes after others, or by its denial could. */
const turnMs = async (past: readonly Ask[], last: Ask): Promise<number> => {
  const { run, time } = scene()
  for (const each of past) void run(decided(each))
  const end = run(decided(last))
  await time.advance(60_000)
  const { atMs, denial } = await end
  if (denial === undefined) return atMs
  return denial.reason === 'paced' ? atMs + (denial.retryAfterMs ?? 0) : Infinity
}

describe('pace, more classes (S2)', () => {
  it('never lets a call through earlier for a class or a thing more', async () => {
    const someClasses = fc.subarray([...ACTION_CLASSES], { minLength: 1 })
    const history = fc.array(fc.record({ classes: someClasses, count: fc.integer({ min: 1, max: 3 }) }), {
      maxLength: 12,
    })
    await fc.assert(
      fc.asyncProperty(history, someClasses, someClasses, fc.nat(4), async (past, classes, added, things) => {
        const few = await turnMs(past, { classes, count: 1 })
        const more = await turnMs(past, { classes: [...new Set([...classes, ...added])], count: 1 + things })
        expect(more).toBeGreaterThanOrEqual(few)
      }),
      { numRuns: 150 },
    )
  }, 30_000)
})
