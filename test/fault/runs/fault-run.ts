/** What the runs of faults have in common: a scene that ends with the run, and calls that are counted at the upstream. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { verifyAudit } from '../../../proxy/audit/verify.ts'
import type { Random } from '../../fuzz/random.ts'
import { startProxy, type Proxy, type ProxyOptions } from '../../support/proxy.ts'
import { dynamodbCall, send, type RawRequest } from '../../support/raw-http.ts'
import { RecordingUpstream } from '../../support/recording-upstream.ts'

export interface FaultOptions {
  readonly random: Random
  readonly rounds: number
}

export interface FaultResult {
  /** Counts of what was done and seen. */
  readonly did: Readonly<Record<string, number>>
  /** The invariants that did not hold, in words; empty: all did. */
  readonly broken: readonly string[]
  /** Why it was not run; undefined: it was. */
  readonly skipped?: string
}

export type FaultRun = (options: FaultOptions) => Promise<FaultResult>

/** An upstream that counts, and proxies in front of it. */
export class FaultScene {
  readonly folder = mkdtempSync(join(tmpdir(), 'moderato-fault-'))
  readonly broken: string[] = []
  readonly #proxies = new Set<Proxy>()
  readonly #ends: (() => Promise<void>)[] = []
  readonly upstream: RecordingUpstream
  #tables = 0

  private constructor(upstream: RecordingUpstream) {
    this.upstream = upstream
  }

  static async open(): Promise<FaultScene> {
    return new FaultScene(await RecordingUpstream.start())
  }

  atEnd(end: () => Promise<void>): void {
    this.#ends.push(end)
  }

  async start(options: ProxyOptions & { readonly stateDir: string }): Promise<Proxy> {
    const proxy = await startProxy({ upstream: this.upstream.url, ...options })
    this.#proxies.add(proxy)
    return proxy
  }

  async kill(proxy: Proxy): Promise<void> {
    proxy.signal('SIGKILL')
    await proxy.ended
    await proxy.stop()
    this.#proxies.delete(proxy)
  }

  async stop(proxy: Proxy): Promise<void> {
    await proxy.stop()
    this.#proxies.delete(proxy)
  }

  /** Signs the deletion of a table that no other call names. */
  signDrop(proxy: Proxy): Promise<RawRequest> {
    this.#tables += 1
    return dynamodbCall(proxy.url, 'DeleteTable', { TableName: `table-${this.#tables}` })
  }

  /** Deletes a table of its own. Resolves with the status; 0: there was no answer. */
  async drop(proxy: Proxy): Promise<number> {
    return sent(proxy, await this.signDrop(proxy))
  }

  /** Checks that each call upstream stands in the logs as allowed, and came once; and that the logs verify. */
  async check(stateDirs: readonly string[], records: readonly Proxy[]): Promise<void> {
    const decided = new Set(
      records
        .flatMap((proxy) => proxy.records())
        .filter(({ phase, decision }) => phase === 'decision' && decision === 'allow')
        .flatMap(({ resources }) => resources ?? [])
        .map((arn) => arn.split('/').at(-1)),
    )
    const tables = this.upstream.recorded.map(({ body }) => tableOf(body))
    for (const name of tables) if (!decided.has(name)) this.broken.push(`${name} went without a record`)
    const twice = tables.filter((name, at) => tables.indexOf(name) !== at)
    for (const name of twice) this.broken.push(`${name} went twice`)
    for (const dir of stateDirs) {
      const { problems } = await verifyAudit(join(dir, 'audit'))
      for (const { what, line } of problems) this.broken.push(`audit log, line ${line}: ${what}`)
    }
  }

  async end(): Promise<void> {
    for (const proxy of this.#proxies) proxy.signal('SIGCONT')
    for (const proxy of this.#proxies) await this.kill(proxy)
    await this.upstream.stop()
    for (const end of this.#ends) await end()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Sends a call. Resolves with the status; 0: there was no answer. */
export async function sent(proxy: Proxy, request: RawRequest): Promise<number> {
  return send(proxy.url, request).then(
    ({ status }) => status,
    () => 0,
  )
}

/** Asks the admin API as an operator. Resolves with the answer; undefined: it refused, or there was none. */
export async function asOperator(
  { adminUrl, stateDir }: Proxy,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body: object | undefined = method === 'POST' ? {} : undefined,
): Promise<unknown> {
  const authorization = `Bearer ${readFileSync(join(stateDir, 'admin-token'), 'utf8').trim()}`
  try {
    const answer = await fetch(`${adminUrl}${path}`, {
      method,
      headers: { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return answer.ok ? await answer.json() : undefined
  } catch {
    return undefined
  }
}

/** Tries until `work` gives something; false: it did not within the time. */
export async function becomes(work: () => unknown, withinMs: number): Promise<boolean> {
  for (const untilMs = performance.now() + withinMs; performance.now() < untilMs; await wait(50)) {
    const found = await work()
    if (found !== undefined && found !== false) return true
  }
  return false
}

function tableOf(body: Buffer): string {
  return String((JSON.parse(body.toString()) as { TableName?: unknown }).TableName)
}
