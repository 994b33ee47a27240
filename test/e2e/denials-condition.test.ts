import { readdirSync, readFileSync, statSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { CreateTableCommand, DeleteTableCommand, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { DeleteObjectCommand } from '@aws-sdk/client-s3'
import { describe, expect, it, onTestFinished } from 'vitest'
import { DENIALS } from '../../proxy/core/denial/table.ts'
import { BUILDER } from '../support/agents.ts'
import { dynamodb, s3, thrownBy } from '../support/clients.ts'
import { freePort } from '../support/free-port.ts'
import { startProxy, UNHURRIED_PACING, type Proxy } from '../support/proxy.ts'
import { headText, RawConnection, signed } from '../support/raw-http.ts'
import { stall, type RecordingUpstream } from '../support/recording-upstream.ts'
import { startScene } from '../support/scene.ts'
import { missing, PRLIMIT } from '../support/tools.ts'
import { expectNextStep, refused } from './denial-check.ts'

const ONCE = { maxAttempts: 1 }
const list = new ListTablesCommand({})

let upstream: RecordingUpstream
let proxy: Proxy

async function start(settings: Record<string, unknown> = {}): Promise<void> {
  ;({ upstream, proxy } = await startScene({ settings }))
}

describe('a call that cannot be made now', () => {
  it('overloaded: more under way than one agent may have; the SDK retries by itself', async () => {
    await start({ limits: { inFlightPerAgent: 1 } })
    const waiting = Promise.withResolvers<() => void>()
    upstream.answer = (_, reply) => waiting.resolve(() => reply.end('{}'))
    const first = dynamodb(proxy.url).send(list)
    const finish = await waiting.promise
    const { result } = await refused(proxy, 'overloaded', () =>
      thrownBy(dynamodb(proxy.url, BUILDER, ONCE).send(list)),
    )
    expect(result).toMatchObject({ name: 'ServiceUnavailableException', status: 503 })
    expectNextStep(result, 'overloaded')
    finish()
    await first
  })

  it('body_too_slow: a body that stops (raw: no SDK stops)', async () => {
    await start({ limits: { bodyPause: '300ms', bodyMinBytesPerSecond: 100_000 } })
    const headers = { 'content-length': '1000', 'content-type': 'application/x-amz-json-1.0' }
    const request = {
      method: 'POST',
      target: '/',
      headers: { ...headers, 'x-amz-target': 'DynamoDB_20120810.ListTables' },
    }
    const call = await signed(proxy.url, { ...request, body: 'x'.repeat(1000) }, { service: 'dynamodb' })
    const { result } = await refused(proxy, 'body_too_slow', async () => {
      const connection = await RawConnection.open(proxy.url)
      connection.write(headText(call))
      connection.write('{')
      const answer = await connection.until(/reason body_too_slow/)
      connection.close()
      return answer
    })
    expect(result).toMatch(/^HTTP\/1.1 400 /)
    expect(result).toContain(DENIALS.body_too_slow.next)
  })

  it('draining: a held call is told so when the proxy stops, and the proxy ends well', async () => {
    await start({ pacing: { classes: { 'data-delete': { rate: '3/min', burst: 1, maxWait: '45s' } } } })
    const remove = (Key: string) =>
      s3(proxy.url, BUILDER, ONCE).send(new DeleteObjectCommand({ Bucket: 'bucket', Key }))
    await remove('first')
    const held = thrownBy(remove('held'))
    await proxy.metricReaches('moderato_pace_queue_depth', { class: 'data-delete' }, 1)
    proxy.signal('SIGTERM')
    const thrown = await held
    expect(thrown).toMatchObject({ name: 'ServiceUnavailable', status: 503 })
    expectNextStep(thrown, 'draining')
    expect(await proxy.ended).toBe(0)
    expect(proxy.records().filter(({ reason }) => reason === 'draining')).toHaveLength(1)
    expect(upstream.recorded).toHaveLength(1)
  })

  it.skipIf(missing(PRLIMIT))('audit_unavailable: nothing is forwarded that cannot be recorded', async () => {
    // Of state in a file, the limit below would be the end first.
    await start({ pacing: UNHURRIED_PACING, state: { store: 'memory' } })
    const client = dynamodb(proxy.url, BUILDER, ONCE)
    await client.send(new DeleteTableCommand({ TableName: 'before' }))
    await proxy.record(({ phase }) => phase === 'outcome')
    limitFileSize(String(auditBytes()))
    const before = await proxy.metric('moderato_denials_total', { reason: 'audit_unavailable' })
    const thrown = await thrownBy(client.send(new DeleteTableCommand({ TableName: 'unrecorded' })))
    expect(thrown).toMatchObject({ name: 'ServiceUnavailableException', status: 503 })
    expectNextStep(thrown, 'audit_unavailable')
    await proxy.metricReaches('moderato_denials_total', { reason: 'audit_unavailable' }, before + 1)
    expect(upstream.recorded.map(({ body }) => body.toString())).toEqual(['{"TableName":"before"}'])

    limitFileSize('unlimited')
    await expect
      .poll(() => proxy.records().filter(({ reason }) => reason === 'audit_unavailable').length, {
        timeout: 5000,
      })
      .toBe(1)
    await client.send(new DeleteTableCommand({ TableName: 'after' }))
    expect(upstream.recorded).toHaveLength(2)
  })

  it('upstream_unreachable: nothing listens there', async () => {
    proxy = await startProxy({ upstream: `http://127.0.0.1:${await freePort()}` })
    onTestFinished(() => proxy.stop())
    const provoke = () => thrownBy(dynamodb(proxy.url, BUILDER, ONCE).send(list))
    const { result } = await refused(proxy, 'upstream_unreachable', provoke)
    expect(result).toMatchObject({ name: 'ServiceUnavailableException', status: 503 })
    expectNextStep(result, 'upstream_unreachable')
  })

  it('upstream_timeout: no answer in time; the record says that it was forwarded', async () => {
    await start({ upstream: { headersTimeout: '1s' } })
    upstream.answer = stall
    const call = new CreateTableCommand({
      TableName: 't',
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    })
    const provoke = () => thrownBy(dynamodb(proxy.url, BUILDER, ONCE).send(call))
    const { result, record } = await refused(proxy, 'upstream_timeout', provoke)
    expect(result).toMatchObject({ name: 'ServiceUnavailableException', status: 503 })
    expectNextStep(result, 'upstream_timeout')
    expect(record.phase).toBe('outcome')
    const decision = await proxy.decision(record.requestId ?? '')
    expect(decision).toMatchObject({ decision: 'allow', operation: 'CreateTable' })
  })

  it('upstream_credentials: the provider chain has none', async () => {
    ;({ upstream, proxy } = await startScene({ settings: { upstream: { credentials: undefined } } }))
    const provoke = () => thrownBy(dynamodb(proxy.url, BUILDER, ONCE).send(list))
    const { result } = await refused(proxy, 'upstream_credentials', provoke)
    expect(result).toMatchObject({ name: 'ServiceUnavailableException', status: 503 })
    expectNextStep(result, 'upstream_credentials')
    expect(upstream.arrived).toEqual([])
  })
})

describe('the denial table', () => {
  /** What no client can provoke, and why. */
  const NOT_BY_A_CLIENT = {
    policy_error: 'only a broken bundle or engine fails to judge; the tests of decide break one',
    internal: 'only a bug of ours; the tests of record throw one',
  }

  it('has an end-to-end test for every reason, or says why there is none', async () => {
    const folder = import.meta.dirname
    const namesIn = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, reason]) => reason)
    const tested = new Set(
      readdirSync(folder)
        .filter((name) => name.endsWith('.test.ts'))
        .flatMap((name) => {
          const text = readFileSync(join(folder, name), 'utf8')
          return name.startsWith('denials-')
            ? namesIn(text, /'([a-z_]+)'?[:,]/g)
            : namesIn(text, /refused\(proxy, '([a-z_]+)'/g)
        }),
    )
    const untested = Object.keys(DENIALS).filter(
      (reason) => !tested.has(reason) && !(reason in NOT_BY_A_CLIENT),
    )
    expect(untested).toEqual([])
  })
})

function auditBytes(): number {
  const dir = join(proxy.stateDir, 'audit')
  return Math.max(...readdirSync(dir).map((name) => statSync(join(dir, name)).size))
}

/** The disk is full for this one process: a write beyond the limit fails. */
function limitFileSize(bytes: string): void {
  const { status, stderr } = spawnSync('prlimit', ['--pid', String(proxy.pid), `--fsize=${bytes}:unlimited`])
  if (status !== 0) throw new Error(String(stderr))
}
