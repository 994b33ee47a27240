/**
 * `npm run bench`: Moderato with everything on beside bare proxies, in one run, one core each.
 *
 * `--json` prints JSON only; `--quick` takes seconds instead of minutes, for CI. `PEER_CMD` is the command line of any
 * other proxy, with `{listen}` (HOST:PORT) and `{upstream}` (URL) where it wants them; it gets the same signed reads.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { ChunkResult } from './chunks.ts'
import { measureCommands, type CommandRow } from './commands.ts'
import { HELD_CLASS, HELD_PACE, heldAgents, measureHeld, type HeldRow } from './held.ts'
import type { MicroResult } from './measure.ts'
import { report } from './report.ts'
import { measureRounds, type Contender } from './rounds.ts'
import { AGENT, READ, REGION, WRITE } from './signed-requests.ts'
import type { StateResult } from './state.ts'
import {
  canPin,
  LOAD_CORE,
  endSubjectsWithThis,
  pinSelf,
  PROXY_CORE,
  runPinned,
  start,
  startPeer,
  type Subject,
} from './subject.ts'
import { measureUploads } from './uploads.ts'
import type { BenchResult, Start } from './result.ts'

const HERE = import.meta.dirname
const MODERATO = join(HERE, '../../proxy/main.ts')
const LONG = {
  connections: 48,
  rounds: 5,
  roundMs: 3000,
  warmUpRequests: 25_000,
  starts: 5,
  calls: 20_000,
  uploads: 7,
  held: 10_000,
}
const QUICK = {
  connections: 48,
  rounds: 2,
  roundMs: 700,
  warmUpRequests: 2000,
  starts: 1,
  calls: 2000,
  uploads: 2,
  held: 1_000,
}

/** Everything on, and no pace that the load could reach: what is measured is the way, not the wait. */
function configuration(upstream: string, stateDir: string): object {
  return {
    listen: { agents: '127.0.0.1:0', admin: '127.0.0.1:0' },
    stateDir,
    upstream: {
      endpoint: upstream,
      credentials: { accessKeyId: 'AKIDUPSTREAM', secretAccessKey: 'upstream-secret' },
    },
    agents: [
      {
        id: 'bench',
        ...AGENT,
        grants: [
          {
            classes: ['read', 'list', 'write'],
            resources: ['arn:aws:dynamodb:*:*:table/*', 'arn:aws:s3:::bucket/*'],
          },
        ],
      },
    ],
    pacing: { classes: { write: { rate: '100000000/s', burst: 100_000_000, maxWait: '5s' } } },
    limits: { replaysPerAgent: 10_000_000 },
    log: { level: 'warn' },
  }
}

async function startModerato(
  upstream: string,
  folder: string,
  name: number | string,
  settings: object = {},
): Promise<Subject> {
  const file = join(folder, `moderato-${name}.yaml`)
  const config = { ...configuration(upstream, `state-${name}`), ...settings }
  await writeFile(file, JSON.stringify(config), { mode: 0o600 })
  const flags = (process.env['BENCH_NODE_FLAGS'] ?? '').split(' ').filter((each) => each !== '')
  const command = [process.execPath, '--expose-gc', ...flags, MODERATO, 'serve', '--config', file]
  return start('Moderato', PROXY_CORE, command, { NODE_COMPILE_CACHE: join(folder, 'compiled') })
}

/** Starts it several times, nothing else running: the time until it listens, and its memory then; the median of all but the first. */
async function measureStart(upstream: string, folder: string, starts: number): Promise<BenchResult['start']> {
  const seen: Start[] = []
  for (let number = 0; number <= starts; number += 1) {
    const moderato = await startModerato(upstream, folder, number + 1)
    seen.push({ listeningMs: moderato.startMs, rssMiB: moderato.rssMiB() })
    await moderato.stop()
  }
  const [first, ...others] = seen as [Start, ...Start[]]
  const [again = first] = others
    .toSorted((one, other) => one.listeningMs - other.listeningMs)
    .slice(Math.floor(starts / 2))
  return { first, again }
}

/** Commands that ask a Moderato of their own. */
async function measureCommandStarts(upstream: string, folder: string, times: number): Promise<CommandRow[]> {
  const moderato = await startModerato(upstream, folder, 'asked')
  const place = {
    admin: moderato.admin ?? '',
    tokenFile: join(folder, 'state-asked', 'admin-token'),
    config: join(folder, 'moderato-asked.yaml'),
    compiled: join(folder, 'compiled-commands'),
  }
  const rows = measureCommands(place, times)
  await moderato.stop()
  return rows
}

/** Calls that wait, in a bare server and in a Moderato of its own. */
async function measureHolding(upstream: string, folder: string, held: number): Promise<HeldRow[]> {
  const agents = heldAgents(held)
  const grants = [{ classes: ['write', HELD_CLASS], resources: ['*'] }]
  const settings = {
    agents: agents.map((each) => ({ ...each, grants })),
    pacing: { classes: { [HELD_CLASS]: HELD_PACE } },
    limits: { connections: 2 * held },
  }
  const bare = await start('bare', PROXY_CORE, [process.execPath, join(HERE, 'bare-held.ts')])
  const rows = [await measureHeld('bare node:http', bare, agents, false)]
  await bare.stop()
  const moderato = await startModerato(upstream, folder, 'held', settings)
  rows.push(await measureHeld('Moderato', moderato, agents, true))
  await moderato.stop()
  return rows
}

async function bench(settings: typeof LONG, progress: (text: string) => void): Promise<BenchResult> {
  pinSelf()
  endSubjectsWithThis()
  const folder = await mkdtemp(join(tmpdir(), 'moderato-bench-'))
  const running: Subject[] = []
  const run = async (subject: Promise<Subject>): Promise<Subject> => {
    running.push(await subject)
    return subject
  }
  try {
    const upstream = await run(start('upstream', LOAD_CORE, [process.execPath, join(HERE, 'upstream.ts')]))
    progress('start to listening')
    const started = await measureStart(upstream.url, folder, settings.starts)
    progress('commands')
    const commands = await measureCommandStarts(upstream.url, folder, settings.starts)
    progress('calls that wait')
    const held = await measureHolding(upstream.url, folder, settings.held)
    progress('stages alone')
    const micro = JSON.parse(
      await runPinned([process.execPath, join(HERE, 'micro.ts'), String(settings.calls)]),
    ) as MicroResult[]
    const chunks = JSON.parse(await runPinned([process.execPath, join(HERE, 'chunks.ts')])) as ChunkResult[]
    progress('state')
    const state = JSON.parse(
      await runPinned([process.execPath, '--expose-gc', join(HERE, 'state.ts'), String(settings.calls)]),
    ) as StateResult[]
    const bare = (file: string, ...flags: readonly string[]): string[] => [
      process.execPath,
      ...flags,
      join(HERE, file),
      upstream.url,
    ]
    const undici = await run(start('undici', PROXY_CORE, bare('bare-undici.ts')))
    const contenders: Contender[] = [
      {
        name: 'bare pass-through, undici',
        kind: READ,
        subject: undici,
      },
      // What proxy/cli/short-lived.ts does for Moderato helps any proxy: this is bare pass-through with it.
      {
        name: 'bare, undici, lives short',
        kind: READ,
        subject: await run(
          start('undici', PROXY_CORE, bare('bare-undici.ts', '--no-allocation-site-pretenuring')),
        ),
      },
      {
        name: 'bare pass-through, http-proxy-3',
        kind: READ,
        subject: await run(start('http-proxy-3', PROXY_CORE, bare('bare-http-proxy.ts'))),
      },
    ]
    const moderato = await run(startModerato(upstream.url, folder, 0))
    contenders.push(
      { name: 'Moderato, read', kind: READ, subject: moderato },
      { name: 'Moderato, read, every table new', kind: READ, subject: moderato, alwaysNew: true },
      // A changing call is forwarded once, so no write is sent twice.
      { name: 'Moderato, write (durable first)', kind: WRITE, subject: moderato, alwaysNew: true },
    )
    const peer = process.env['PEER_CMD']
    if (peer !== undefined)
      contenders.push({ name: 'PEER_CMD', kind: READ, subject: await run(startPeer(peer, upstream.url)) })
    const rows = await measureRounds(contenders, settings, progress)
    progress('uploads')
    const uploads = await measureUploads(undici, moderato, settings.uploads)
    const { connections, rounds } = settings
    return {
      node: process.version,
      pinned: canPin,
      region: REGION,
      connections,
      rounds,
      rows,
      start: started,
      commands,
      micro,
      chunks,
      state,
      uploads,
      held,
    }
  } finally {
    await Promise.all(running.map((each) => each.stop()))
    await rm(folder, { recursive: true, force: true })
  }
}

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, quick: { type: 'boolean', default: false } },
})
const result = await bench(values.quick ? QUICK : LONG, (text) => {
  if (!values.json) process.stderr.write(`... ${text}\n`)
})
process.stdout.write(values.json ? `${JSON.stringify(result, undefined, 2)}\n` : report(result))
process.exitCode = result.rows.every(({ failures }) => failures === 0) ? 0 : 1
