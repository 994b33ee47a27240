import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { limitsRoutes } from '../../proxy/admin/limits-routes.ts'
import { run } from '../../proxy/cli/limits.ts'
import { Denial } from '../../proxy/core/denial/denial.ts'
import { chargesOf } from '../../proxy/pacing/charges.ts'
import { LocalLimiter } from '../../proxy/pacing/limiter.ts'
import { pacesFrom } from '../../proxy/pacing/paces.ts'
import { PaceQueue } from '../../proxy/pacing/queue.ts'
import { rulesFrom } from '../../proxy/pacing/rules.ts'
import { listening, TOKEN } from '../admin/listening.ts'
import { VirtualTime } from '../../proxy/core/virtual-time.ts'
import { captured } from './captured.ts'

const folder = mkdtempSync(join(tmpdir(), 'moderato-limits-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const tokenFile = join(folder, 'token')
writeFileSync(tokenFile, TOKEN, { mode: 0o600 })

/** An admin API where agent `a` spent its two destructive calls just now. */
async function serving(broken = false, mode: 'enforce' | 'observe' = 'enforce') {
  const time = new VirtualTime(Date.UTC(2026, 10, 23, 12))
  const limiter = new LocalLimiter()
  const rules = rulesFrom(pacesFrom())
  const weights = { unboundedCount: 10, cascadeWeight: 1 }
  const { enforced } = chargesOf(
    { class: 'destructive', classes: ['destructive'], traits: [], count: 2 },
    { agent: 'a', root: 'a', task: undefined, account: '*', region: '', service: '', resources: [] },
    rules,
    weights,
    1,
  )
  limiter.take(enforced, time.nowMs())
  const routes = limitsRoutes({
    limiter: broken ? { take: refused, peek: refused, live: refused, emptiest: refused } : limiter,
    mode: () => mode,
    widened: () => [],
    queue: new PaceQueue({ limiter, clock: time, timer: time, limits: { held: 10, heldPerAgent: 10 } }),
    steadyClock: time,
    accountOf: () => undefined,
    rates: {
      pacing: () => ({ rules, weights, dwellMs: 0 }),
      slowdownOf: (id) => (id === 'slow' ? 3 : 1),
    },
  })
  const { port } = await listening({ routes })
  return async (...args: string[]) => {
    const { io, out, err } = captured()
    const code = await run([...args, '--admin', `http://127.0.0.1:${port}`, '--token-file', tokenFile], io)
    return { code, out: out(), err: err() }
  }
}

function refused(): never {
  throw new Denial('state_unavailable', 'The store is gone.')
}

describe('moderato limits', () => {
  it('says so when the state store does not answer', async () => {
    const limits = await serving(true)
    const words = expect.stringContaining('state store does not answer')
    expect(await limits()).toMatchObject({ code: 1, err: words })
    expect(await limits('explain', '--agent', 'a', '--class', 'write')).toMatchObject({ code: 1, err: words })
  })

  it('shows the buckets that are not full', async () => {
    const limits = await serving()
    expect(await limits()).toEqual({
      code: 0,
      err: '',
      out: 'destructive  agent "a"  0 of 2 left at 6/min, full in 20 s\n0 calls wait for their turn\n',
    })
    expect((await limits('--agent', 'b')).out).toBe('every bucket is full\n0 calls wait for their turn\n')
    expect((await limits('--rule', 'write')).out).toContain('every bucket is full')
    expect(JSON.parse((await limits('--json')).out)).toMatchObject({
      buckets: [{ rule: 'destructive', per: { agent: 'a' }, level: 0, burst: 2 }],
      more: 0,
    })
  })
})

describe('moderato limits explain', () => {
  it('says why the next call would wait, bucket by bucket', async () => {
    const limits = await serving()
    expect((await limits('explain', '--agent', 'a', '--class', 'destructive', '--class', 'opaque')).out).toBe(
      'WAITS 10 s, at 2026-11-23T12:00:10.000Z, for rule destructive\n' +
        '  destructive  agent "a"  0 of 2 left at 6/min, full in 20 s; counts 1; 10 s, at 2026-11-23T12:00:10.000Z\n' +
        '  opaque  agent "a"  10 of 10 left at 30/min, full; counts 1; goes now\n',
    )
  })

  it.each([
    [['--agent', 'b', '--class', 'destructive'], 'GOES  at once'],
    [['--agent', 'b', '--class', 'read'], 'GOES  no rule that is enforced paces this call'],
    [
      ['--agent', 'b', '--class', 'destructive', '--count', '3'],
      'NEVER goes: it counts more than the burst of rule',
    ],
    [['--agent', 'a', '--class', 'destructive', '--trait', 'unbounded'], 'WAITS 20 s'],
    [
      ['--agent', 'slow', '--class', 'destructive', '--resource', 'arn:1'],
      'counts 1, slowed 3 times; goes now',
    ],
  ])('tells %j', async (args, words) => {
    const limits = await serving()
    expect((await limits('explain', ...args)).out).toContain(words)
  })

  it('refuses wrong usage with 2, and what the API refuses with 1 and its words', async () => {
    const limits = await serving()
    for (const args of [['explain'], ['explain', '--agent', 'a'], ['why'], ['--nonsense']]) {
      expect(await limits(...args)).toMatchObject({ code: 2, out: '' })
    }
    const unknown = await limits('explain', '--agent', 'a', '--class', 'destroy')
    expect([unknown.code, unknown.err]).toEqual([1, expect.stringContaining('classes.0')])
    const count = await limits('explain', '--agent', 'a', '--class', 'write', '--count', '0')
    expect([count.code, count.err]).toEqual([1, expect.stringContaining('count')])
  })
})
