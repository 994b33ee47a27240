/** What a decision of the limiter costs in each store, and what a million live buckets take. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rateOf } from '../../proxy/pacing/gcra.ts'
import { LocalLimiter, type Limiter } from '../../proxy/pacing/limiter.ts'
import { sqliteStore } from '../../proxy/state/sqlite.ts'
import type { StateStore } from '../../proxy/state/store.ts'
import { valkeyStore } from '../../proxy/state/valkey.ts'
import { hasTool, VALKEY } from '../support/tools.ts'
import { ValkeyServer } from '../support/valkey.ts'

export interface StateResult {
  readonly name: string
  readonly value: number
  readonly unit: string
}

const REPLAYS = 10_000_000
const LIVE_KEYS = 1_000_000
const clock = { nowMs: () => Date.now() }
const nowMs = (): number => performance.timeOrigin + performance.now()
/** Passes always: a refused decision costs less. */
const charge = (key: string) => ({ key, rate: rateOf(1_000_000, 1, 1_000_000), weight: 1 })
const CHARGES = Array.from({ length: 100 }, (_, at) => [charge(`destructive agent-${at}`)])

/** Times each call by itself; p50 and p99 in microseconds. */
async function percentiles(
  name: string,
  calls: number,
  call: (at: number) => unknown,
): Promise<StateResult[]> {
  const times: number[] = []
  for (let at = 0; at < calls + calls / 10; at += 1) {
    const startMs = performance.now()
    const result = call(at)
    if (result instanceof Promise) await result
    // The first ones warm up.
    if (at >= calls / 10) times.push((performance.now() - startMs) * 1000)
  }
  times.sort((a, b) => a - b)
  const at = (part: number): number => times[Math.floor(times.length * part)] ?? NaN
  return [
    { name: `${name}, p50`, value: at(0.5), unit: 'us' },
    { name: `${name}, p99`, value: at(0.99), unit: 'us' },
  ]
}

const taking = (limiter: Limiter) => (at: number) => limiter.take(CHARGES[at % CHARGES.length] ?? [], nowMs())

function claiming({ replays }: StateStore) {
  return (at: number) => {
    const signedAtMs = Date.now()
    const key = at.toString(16).padStart(64, '0')
    const validUntilMs = signedAtMs + 300_000
    return replays.claim(
      { agentId: 'a', key, invocationId: 'id', signedAtMs, receivedAtMs: signedAtMs, validUntilMs },
      signedAtMs,
    )
  }
}

async function measureSqlite(calls: number): Promise<StateResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'moderato-bench-state-'))
  const store = sqliteStore({ path: join(folder, 'state.sqlite'), replaysPerAgent: REPLAYS })
  const results = [
    ...(await percentiles('limiter, SQLite', calls, taking(store.limiter))),
    ...(await percentiles('replays, SQLite', calls, claiming(store))),
  ]
  await store.close()
  rmSync(folder, { recursive: true })
  return results
}

async function measureValkey(calls: number): Promise<StateResult[]> {
  if (!hasTool(VALKEY.command, VALKEY.args)) return []
  const server = await ValkeyServer.start()
  try {
    const store = await valkeyStore({
      url: server.url,
      prefix: 'bench',
      clock,
      timeoutMs: 5_000,
      replaysPerAgent: REPLAYS,
    })
    const results = [
      ...(await percentiles('limiter, Valkey', calls, taking(store.limiter))),
      ...(await percentiles('replays, Valkey', calls, claiming(store))),
    ]
    await store.close()
    return results
  } finally {
    await server.stop()
  }
}

/** Fills, then goes on with other keys once all are full again: the idle ones must go, in small steps. */
function measureKeys(): StateResult[] {
  const limiter = new LocalLimiter()
  const rate = rateOf(6, 60_000, 2)
  globalThis.gc?.()
  const before = process.memoryUsage().rss
  for (let at = 0; at < LIVE_KEYS; at += 1) {
    limiter.take([{ key: `destructive spiffe://example.org/agent/${at}`, rate, weight: 1 }], 1e12)
  }
  globalThis.gc?.()
  const megabytes = (process.memoryUsage().rss - before) / 1e6
  const times: number[] = []
  for (let at = 0; at < LIVE_KEYS; at += 1) {
    const startMs = performance.now()
    limiter.take(
      [{ key: `destructive spiffe://example.org/other/${at}`, rate, weight: 1 }],
      1e12 + 20_000 + at,
    )
    times.push((performance.now() - startMs) * 1000)
  }
  times.sort((a, b) => a - b)
  return [
    { name: 'a million live keys in memory', value: megabytes, unit: 'MB' },
    { name: 'kept of them after a million others', value: limiter.size, unit: 'keys' },
    { name: 'decision that forgets others too, p99.9', value: times[LIVE_KEYS * 0.999] ?? NaN, unit: 'us' },
  ]
}

const calls = Number(process.argv[2] ?? 20_000)
const keys = measureKeys()
const results = [
  ...(await percentiles('limiter, memory', 10 * calls, taking(new LocalLimiter()))),
  ...(await measureSqlite(calls)),
  ...(await measureValkey(calls)),
  ...keys,
]
process.stdout.write(`${JSON.stringify(results)}\n`)
