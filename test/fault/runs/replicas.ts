/** Two replicas over one Valkey, under load, while the store and the replicas fail in turn. */
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { missing, VALKEY } from '../../support/tools.ts'
import type { Proxy } from '../../support/proxy.ts'
import { ValkeyServer } from '../../support/valkey.ts'
import { asOperator, becomes, FaultScene, type FaultRun } from './fault-run.ts'

const [BURST, PER_SECOND] = [5, 10]
const FAULT_MS = 700
/** What a call may count for besides whole ones: clocks of two machines are read at different moments. */
const EXCESS = 1

interface Pair {
  readonly server: ValkeyServer
  readonly one: Proxy
  readonly other: Proxy
}

type Fault = (pair: Pair) => Promise<void>

const FAULTS: Readonly<Record<string, Fault>> = {
  flushed: async ({ server }) => void (await server.client().flushall()),
  'forgot its scripts': async ({ server }) => void (await server.client().call('SCRIPT', 'FLUSH')),
  'killed and restarted': async ({ server }) => {
    await server.kill()
    await wait(FAULT_MS)
    await server.start()
  },
  'fell silent': async ({ server }) => {
    server.freeze()
    await wait(FAULT_MS)
    server.thaw()
  },
  evicts: async ({ server }) => {
    await server.client().config('SET', 'maxmemory', '100mb')
    await server.client().config('SET', 'maxmemory-policy', 'allkeys-lru')
    await wait(2 * FAULT_MS)
    await server.client().config('SET', 'maxmemory-policy', 'noeviction')
  },
  'cut off its clients': async ({ server }) =>
    void (await server.client().call('CLIENT', 'KILL', 'SKIPME', 'yes')),
  'a replica paused': async ({ other }) => {
    other.signal('SIGSTOP')
    await wait(FAULT_MS)
    other.signal('SIGCONT')
  },
  'flushed while a replica paused': async ({ server, other }) => {
    other.signal('SIGSTOP')
    await server.client().flushall()
    await wait(FAULT_MS)
    other.signal('SIGCONT')
  },
}

/** Together they let through what one may, and each freeze reaches both. `rounds` is how many faults there are. */
export const replicas: FaultRun = async ({ random, rounds }) => {
  if (missing(VALKEY)) return { did: {}, broken: [], skipped: 'there is no Valkey server on this machine' }
  const scene = await FaultScene.open()
  try {
    const pair = await startPair(scene)
    const stateDirs = [pair.one, pair.other].map(({ stateDir }) => stateDir)
    const startedMs = performance.now()
    const load = { going: true }
    const senders = [pair.one, pair.other].flatMap((proxy) => [0, 1].map(() => sending(scene, proxy, load)))
    const names = Object.keys(FAULTS)
    const first = random.below(names.length)
    for (let round = 0; round < rounds; round += 1) {
      const name = names[(first + round) % names.length] ?? ''
      await FAULTS[name]?.(pair)
      await wait(FAULT_MS)
      const problem = await freezeProblem(pair, `nobody-${round}`)
      if (problem !== undefined) scene.broken.push(`the store ${name}: ${problem}`)
    }
    const stopped = await becomes(
      () => asOperator(pair.one, 'POST', '/v1/freeze', { everything: true, reason: 'end' }),
      10_000,
    )
    if (!stopped) scene.broken.push('the last freeze was not taken')
    load.going = false
    await Promise.all(senders)
    const seconds = (performance.now() - startedMs) / 1000
    const forwarded = scene.upstream.recorded.length
    const may = BURST + PER_SECOND * seconds
    if (forwarded > may + EXCESS) scene.broken.push(`${forwarded} went where ${may.toFixed(2)} may`)
    if (forwarded === 0) scene.broken.push('nothing went at all')
    await scene.check(stateDirs, [pair.one, pair.other])
    const percent = Math.round((100 * forwarded) / may)
    return {
      did: { faults: rounds, seconds: Math.round(seconds), forwarded, percentOfPace: percent },
      broken: scene.broken,
    }
  } finally {
    await scene.end()
  }
}

async function startPair(scene: FaultScene): Promise<Pair> {
  const server = await ValkeyServer.start({ appendonly: 'yes', appendfsync: 'always' })
  scene.atEnd(() => server.stop())
  const settings = {
    state: { store: 'valkey', url: server.url, keyFile: join(scene.folder, 'ledger-key') },
    pacing: { classes: { destructive: { rate: `${PER_SECOND}/s`, burst: BURST, maxWait: '0s' } } },
  }
  const one = await scene.start({ settings, stateDir: join(scene.folder, 'one') })
  const other = await scene.start({ settings, stateDir: join(scene.folder, 'other') })
  return { server, one, other }
}

/** Sends one call after another for as long as the load goes on. */
async function sending(scene: FaultScene, proxy: Proxy, load: { readonly going: boolean }): Promise<void> {
  while (load.going) {
    await scene.drop(proxy)
    await wait(20)
  }
}

/** A freeze that one takes is soon the other's, once the fault is over. */
async function freezeProblem({ one, other }: Pair, agent: string): Promise<string | undefined> {
  const body = { agents: [agent], reason: 'a fault run' }
  if (!(await becomes(() => asOperator(one, 'POST', '/v1/freeze', body), 15_000)))
    return 'no freeze was taken 15 s after it'
  const isKnown = async (): Promise<boolean> =>
    JSON.stringify((await asOperator(other, 'GET', '/v1/freeze')) ?? '').includes(`"${agent}"`)
  return (await becomes(isKnown, 10_000)) ? undefined : 'a freeze did not reach the other replica in 10 s'
}
