import { existsSync, readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ACTION_CLASSES, gravest, type ActionClass } from '../../proxy/classes.ts'
import { Denial } from '../../proxy/denial.ts'
import type { Call, Approved, Paced } from '../../proxy/exchange.ts'
import { HeaderFields } from '../../proxy/headers.ts'
import { LocalLimiter } from '../../proxy/pacing/limiter.ts'
import { pacesFrom, type PacedName, type Paces } from '../../proxy/pacing/paces.ts'
import { parseRate } from '../../proxy/pacing/rates.ts'
import { PaceQueue } from '../../proxy/pacing/queue.ts'
import { pace } from '../../proxy/stages/pace.ts'
import { VirtualTime } from '../pacing/virtual-time.ts'

interface Scene {
  readonly paces?: Paces
  readonly mode?: 'enforce' | 'observe'
  readonly recheck?: (exchange: Approved) => void
  readonly limits?: { heldPerAgent: number; held: number }
}

function scene({ paces = pacesFrom(), mode = 'enforce', recheck = () => {}, limits }: Scene = {}) {
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
    paces,
    weights: { unboundedCount: 10, cascadeWeight: 3 },
    clock: time,
    mode,
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
  readonly call?: Partial<Call>
}

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
    class: gravest(classes),
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
    headers: new HeaderFields([]),
    requestId: 'r',
    client: { address: '127.0.0.1', gone: ask.gone ?? new AbortController().signal },
    reply: {} as ServerResponse,
    agent: { id: agent, accessKeyId: 'AKID', grants: [] },
    authorization: {
      accessKeyId: 'AKID',
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
    expect(limiter.peek(['destructive agent'])).toEqual([time.nowMs() + 10_000])
  })

  it('charges more for what reaches an unknown number of things, and a burst at most (S14)', async () => {
    const { run, limiter, time } = scene()
    const left = (name: PacedName): number => {
      const rate = pacesFrom().get(name)
      if (rate === undefined) return -1
      let count = 0
      for (let kind = 'now'; kind === 'now'; count++) {
        kind = limiter.take([{ key: `${name} agent`, rate, weight: 1 }], time.nowMs(), 0).kind
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
    expect(limiter.peek(['destructive agent', 'write agent'])).toEqual([nowMs + 10_000, nowMs + 200])
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

  const trace = new URL('../../../shared/data/trace-terraform-destroy.jsonl', import.meta.url)
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
