/** The processes that are measured, pinned to one core, and what Linux says of them. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { startReaper } from '../support/children.ts'
import { freePort } from '../support/free-port.ts'

const TICKS_PER_SECOND = 100
const START_MS = 20_000
const STOP_MS = 5000

/** Proxies run on one core, load and upstream on the other. */
export const PROXY_CORE = '0'
export const LOAD_CORE = '1'
export const canPin =
  spawnSync('taskset', ['-c', PROXY_CORE, 'true']).status === 0 &&
  spawnSync('taskset', ['-c', LOAD_CORE, 'true']).status === 0

/** Moves this process, the load generator, away from the proxies' core. */
export function pinSelf(): void {
  if (canPin) spawnSync('taskset', ['-a', '-cp', LOAD_CORE, String(process.pid)])
}

/** All that is started has it in its environment, and is ended when this process is killed. */
const MARK = { BENCH_RUN: randomUUID() }

/** Has what is started end with this process. */
export function endSubjectsWithThis(): void {
  startReaper({ pid: process.pid, mark: `BENCH_RUN=${MARK.BENCH_RUN}` })
}

export interface Subject {
  readonly name: string
  readonly url: string
  /** Of Moderato alone. */
  readonly admin?: string
  readonly startMs: number
  cpuSeconds(): number
  rssMiB(): number
  stop(): Promise<void>
}

/** Starts a process that prints `{"listening":{"agents":URL}}` when it is ready, and the URL of `admin` if it has one. */
export async function start(
  name: string,
  core: string,
  command: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Subject> {
  const startedMs = performance.now()
  const child = spawnPinned(core, command, 'pipe', env)
  const line = await Promise.race([firstLine(child), once(child, 'close').then(() => undefined)])
  const startMs = performance.now() - startedMs
  if (line === undefined) throw new Error(`${name} ended before it listened: ${command.join(' ')}`)
  const { agents, admin = '' } = (JSON.parse(line) as { listening: { agents: string; admin?: string } })
    .listening
  return { ...subject(name, agents, startMs, child), admin }
}

/** Runs a process on the proxies' core to its end; resolves with its first line. */
export async function runPinned(command: readonly string[]): Promise<string> {
  const child = spawnPinned(PROXY_CORE, command, 'pipe')
  const closed = once(child, 'close')
  const line = await Promise.race([firstLine(child), closed.then(() => undefined)])
  if (line === undefined) throw new Error(`this printed nothing: ${command.join(' ')}`)
  await closed
  return line
}

/** Starts any other proxy: `{listen}` and `{upstream}` in its command line are filled in, as HOST:PORT and URL. */
export async function startPeer(commandLine: string, upstream: string): Promise<Subject> {
  const port = await freePort()
  const filled = commandLine.replaceAll('{listen}', `127.0.0.1:${port}`).replaceAll('{upstream}', upstream)
  const startedMs = performance.now()
  const child = spawnPinned(PROXY_CORE, ['sh', '-c', `exec ${filled}`], 'ignore')
  while (!(await accepts(port))) {
    if (child.exitCode !== null || performance.now() - startedMs > START_MS)
      throw new Error(`PEER_CMD does not listen: ${filled}`)
    await sleep(20)
  }
  return subject('PEER_CMD', `http://127.0.0.1:${port}`, performance.now() - startedMs, child)
}

function spawnPinned(
  core: string,
  command: readonly string[],
  stdout: 'pipe' | 'ignore',
  env: NodeJS.ProcessEnv = {},
): ChildProcess {
  const [file = '', ...args] = canPin ? ['taskset', '-c', core, ...command] : command
  // taskset replaces itself by the command: the child's pid is that of what is measured.
  return spawn(file, args, { stdio: ['ignore', stdout, 'inherit'], env: { ...process.env, ...MARK, ...env } })
}

function subject(name: string, url: string, startMs: number, child: ChildProcess): Subject {
  const { pid } = child
  const ended = once(child, 'close')
  return {
    name,
    url,
    startMs,
    cpuSeconds() {
      // proc(5): fields 14 and 15 are user and system time; the name in field 2 may hold spaces.
      const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? []
      return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
    },
    rssMiB() {
      const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
      return Number(kib) / 1024
    },
    async stop() {
      child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
      await ended
      clearTimeout(late)
    },
  }
}

async function firstLine(child: ChildProcess): Promise<string | undefined> {
  if (child.stdout === null) return undefined
  for await (const line of createInterface(child.stdout)) return line
  return undefined
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
