/** Starts the proxy as a user does: a process with a configuration file. Nothing in here imports its code. */
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { vi } from 'vitest'
import { BUILDER, type TestAgent, UPSTREAM_KEY } from './agents.ts'
import { END_WITH_PARENT } from './children.ts'
import { ACTION_CLASSES } from '../../proxy/core/action-class.ts'

/** A record as the audit log has it. */
export interface AuditLine {
  readonly phase: string
  readonly requestId?: string
  readonly agent?: string
  readonly operation?: string | null
  readonly resources?: readonly string[]
  readonly count?: number
  readonly class?: string
  readonly decision?: string
  readonly reason?: string
  readonly refusals?: Readonly<Record<string, number>>
  readonly [member: string]: unknown
}

export interface ProxyOptions {
  /** The endpoint of every call; by default AWS's own. */
  readonly upstream?: string
  readonly agents?: readonly TestAgent[]
  /** Further settings besides listen, stateDir and agents; `upstream` is merged. */
  readonly settings?: Readonly<Record<string, unknown>>
  readonly environment?: Readonly<Record<string, string>>
  /** The state folder of an earlier run. */
  readonly stateDir?: string
  /** A file descriptor for standard error, or a socket that nobody reads, in place of one that is read at once. */
  readonly stderr?: number | 'unread'
  /** The `moderato` to start; by default that of this checkout. */
  readonly command?: string
}

type Child = ChildProcessByStdio<Writable, Readable, Readable | null>

const MAIN = resolve(import.meta.dirname, '../../proxy/main.ts')
const COMPILE_CACHE = resolve(import.meta.dirname, '../../node_modules/.cache/node')

/** Paces that no test reaches, for tests of something else. */
const UNHURRIED = { rate: '1000/s', burst: 100_000, maxWait: '0s' }
export const UNHURRIED_PACING = {
  classes: Object.fromEntries(
    ACTION_CLASSES.filter((name) => !['read', 'list', 'unknown'].includes(name)).map((name) => [
      name,
      UNHURRIED,
    ]),
  ),
}

/** Starts the proxy on free ports, and resolves once it listens. */
export async function startProxy(options: ProxyOptions): Promise<Proxy> {
  const folder = mkdtempSync(join(tmpdir(), 'moderato-test-'))
  const stateDir = options.stateDir ?? join(folder, 'state')
  const file = join(folder, 'moderato.yaml')
  const { upstream = {}, ...settings } = options.settings ?? {}
  const config = {
    listen: { agents: '127.0.0.1:0', admin: '127.0.0.1:0' },
    stateDir,
    pacing: UNHURRIED_PACING,
    ...settings,
    upstream: {
      ...(options.upstream === undefined ? {} : { endpoint: options.upstream }),
      credentials: UPSTREAM_KEY,
      ...(upstream as object),
    },
    agents: options.agents ?? [BUILDER],
  }
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(config))
  const [command = '', ...args] =
    options.command === undefined
      ? [process.execPath, '--expose-gc', ...END_WITH_PARENT, MAIN]
      : [options.command]
  const child = spawn(command, [...args, 'serve', '--config', file], {
    // The first is closed when this process is gone.
    stdio: ['pipe', 'pipe', typeof options.stderr === 'number' ? options.stderr : 'pipe'],
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      AWS_EC2_METADATA_DISABLED: 'true',
      // As `npm start` has it, and the flag above.
      ...(options.command === undefined ? { NODE_COMPILE_CACHE: COMPILE_CACHE } : {}),
      ...options.environment,
    },
  }) as Child
  let log = ''
  if (options.stderr !== 'unread')
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (log += text))
  const ended = once(child, 'exit').then(([code]: (number | null)[]) => code ?? null)
  const { agents: url, admin: adminUrl } = await listening(child, ended, () => log)
  return new Proxy({ child, ended, url, adminUrl, folder, stateDir, log: () => log })
}

async function listening(
  child: Child,
  ended: Promise<number | null>,
  log: () => string,
): Promise<{ agents: string; admin: string }> {
  const line = once(createInterface({ input: child.stdout }), 'line') as Promise<string[]>
  const first = await Promise.race([line, ended])
  if (!Array.isArray(first)) throw new Error(`the proxy ended with ${first} before it listened:\n${log()}`)
  return (JSON.parse(first[0] ?? '') as { listening: { agents: string; admin: string } }).listening
}

interface Parts {
  readonly child: Child
  readonly ended: Promise<number | null>
  readonly url: string
  readonly adminUrl: string
  readonly folder: string
  readonly stateDir: string
  readonly log: () => string
}

/** A running proxy, with what an operator sees of it. */
export class Proxy {
  readonly url: string
  readonly adminUrl: string
  readonly stateDir: string
  readonly pid: number
  /** Resolves with the exit code; null if a signal ended it. */
  readonly ended: Promise<number | null>
  readonly log: () => string
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
    this.url = parts.url
    this.adminUrl = parts.adminUrl
    this.stateDir = parts.stateDir
    this.pid = parts.child.pid ?? 0
    this.ended = parts.ended
    this.log = parts.log
  }

  /** The path of its configuration. */
  get configFile(): string {
    return join(this.#parts.folder, 'moderato.yaml')
  }

  /** Writes a changed configuration file; the proxy finds the change by itself. */
  reconfigure(change: (config: Record<string, unknown>) => Record<string, unknown>): void {
    const config = JSON.parse(readFileSync(this.configFile, 'utf8')) as Record<string, unknown>
    this.reconfigureText(JSON.stringify(change(config)))
  }

  reconfigureText(text: string): void {
    writeFileSync(`${this.configFile}.new`, text)
    renameSync(`${this.configFile}.new`, this.configFile)
  }

  signal(signal: NodeJS.Signals): void {
    this.#parts.child.kill(signal)
  }

  /** Drains and ends the proxy, and removes its files. */
  async stop(): Promise<void> {
    if (this.#parts.child.exitCode === null && this.#parts.child.signalCode === null) {
      this.signal('SIGTERM')
      this.signal('SIGTERM')
    }
    await this.ended
    rmSync(this.#parts.folder, { recursive: true, force: true })
  }

  /** Returns the audit log as it is on disk. */
  records(): AuditLine[] {
    const dir = join(this.stateDir, 'audit')
    if (!existsSync(dir)) return []
    return readdirSync(dir)
      .filter((name) => name.endsWith('.jsonl'))
      .toSorted()
      .flatMap((name) => readFileSync(join(dir, name), 'utf8').split('\n'))
      .flatMap((line) => lineOf(line))
  }

  /** Waits for the first record that matches to be on disk. */
  record(matches: (line: AuditLine) => boolean): Promise<AuditLine> {
    return vi.waitFor(
      () => {
        const found = this.records().find(matches)
        if (found === undefined) throw new Error('no such audit record')
        return found
      },
      { timeout: 5000, interval: 20 },
    )
  }

  /** Waits for the one decision record of a request. */
  decision(requestId: string): Promise<AuditLine> {
    return this.record((line) => line.phase === 'decision' && line.requestId === requestId)
  }

  /** Returns the sum of a metric's series whose labels include these; 0 if there is none. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    const text = await (await fetch(`${this.adminUrl}/metrics`)).text()
    const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`)
    return text
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      .filter((line) => wanted.every((each) => line.includes(each)))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
  }

  /** Waits until the metric has the value, for changes that come after an answer. */
  async metricReaches(name: string, labels: Readonly<Record<string, string>>, value: number): Promise<void> {
    await vi.waitFor(
      async () => {
        const now = await this.metric(name, labels)
        if (now !== value) throw new Error(`${name} is ${now}, not ${value}`)
      },
      { timeout: 10_000, interval: 10 },
    )
  }

  /** Returns the peak resident memory of the process, in bytes. */
  peakMemoryBytes(): number {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1]
    return Number(kilobytes) * 1024
  }
}

/** Returns the whole records of a text; an incomplete last line is not one. */
function lineOf(text: string): AuditLine[] {
  if (text === '') return []
  try {
    return [JSON.parse(text) as AuditLine]
  } catch {
    return []
  }
}
