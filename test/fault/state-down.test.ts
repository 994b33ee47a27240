/** The state store is gone while the proxy runs: what changes something is refused in words, and comes back by itself. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { DeleteTableCommand, ListTablesCommand, TagResourceCommand } from '@aws-sdk/client-dynamodb'
import { DeleteObjectCommand, GetObjectCommand } from '@aws-sdk/client-s3'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { dynamodb, s3, thrownBy } from '../support/clients.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { send, signed } from '../support/raw-http.ts'
import { RecordingUpstream } from '../support/recording-upstream.ts'
import { missing, VALKEY } from '../support/tools.ts'
import { ValkeyServer } from '../support/valkey.ts'
import { expectNextStep, refused } from '../e2e/denial-check.ts'

const ONCE = { maxAttempts: 1 }

let upstream: RecordingUpstream
let proxy: Proxy
let server: ValkeyServer | undefined
afterEach(async () => {
  await proxy?.stop()
  await upstream?.stop()
  await server?.stop()
  server = undefined
})

async function start(state: object = {}): Promise<void> {
  upstream = await RecordingUpstream.start()
  proxy = await startProxy({ upstream: upstream.url, settings: { state } })
}

async function startWithValkey(more: object = {}): Promise<ValkeyServer> {
  const made = await ValkeyServer.start({ appendonly: 'yes', appendfsync: 'always' })
  server = made
  const folder = mkdtempSync(join(tmpdir(), 'moderato-key-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  await start({ store: 'valkey', url: made.url, keyFile: join(folder, 'ledger-key'), ...more })
  return made
}

/** Holds the SQLite file as a process does that is stuck in a write. */
function holdFile(): () => void {
  const db = new DatabaseSync(join(proxy.stateDir, 'state.sqlite'), { timeout: 5_000 })
  db.exec('BEGIN IMMEDIATE')
  return () => {
    db.exec('ROLLBACK')
    db.close()
  }
}

const drop = (name: string) =>
  dynamodb(proxy.url, undefined, ONCE).send(new DeleteTableCommand({ TableName: name }))
const list = () => dynamodb(proxy.url, undefined, ONCE).send(new ListTablesCommand({}))
const readiness = async () => {
  const answer = await fetch(`${proxy.adminUrl}/readyz`)
  return {
    status: answer.status,
    ...((await answer.json()) as { state: string; store: { name: string; up: boolean } }),
  }
}

describe('a SQLite file that cannot be written', () => {
  it('state_unavailable: refuses changes in each dialect, lets reads go on, and works again by itself', async () => {
    await start()
    const release = holdFile()
    const { result, record } = await refused(proxy, 'state_unavailable', () => thrownBy(drop('t')))
    expect(result).toMatchObject({ name: 'ServiceUnavailableException', status: 503 })
    expectNextStep(result, 'state_unavailable')
    expect(record).toMatchObject({ class: 'destructive', decision: 'error' })
    const ofS3 = await thrownBy(
      s3(proxy.url, undefined, ONCE).send(new DeleteObjectCommand({ Bucket: 'b', Key: 'k' })),
    )
    expect(ofS3).toMatchObject({ name: 'ServiceUnavailable', status: 503 })
    const request = {
      method: 'POST',
      target: '/',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'Action=DeleteVpc&Version=2016-11-15&VpcId=vpc-1',
    }
    const ofEc2 = await send(proxy.url, await signed(proxy.url, request, { service: 'ec2' }))
    expect(ofEc2.body.toString()).toMatch(
      /<Response><Errors><Error><Code>(ServiceUnavailable|Unavailable)<\/Code>/,
    )
    expect(upstream.arrived).toEqual([])
    expect(await proxy.metric('moderato_state_up')).toBe(0)
    await list()
    await s3(proxy.url, undefined, ONCE)
      .send(new GetObjectCommand({ Bucket: 'b', Key: 'k' }))
      .catch(() => undefined)
    expect(upstream.arrived).toHaveLength(2)
    release()
    await drop('t')
    expect(await proxy.metric('moderato_state_up')).toBe(1)
    expect(proxy.log()).toMatch(/does not answer[^]*answers again/)
  })

  it('refuses a change that is not paced too, since its copy could not be known', async () => {
    await start()
    const release = holdFile()
    const tag = new TagResourceCommand({
      ResourceArn: 'arn:aws:dynamodb:us-east-1:123456789012:table/t',
      Tags: [{ Key: 'k', Value: 'v' }],
    })
    const thrown = await thrownBy(dynamodb(proxy.url, undefined, ONCE).send(tag))
    expect(thrown).toMatchObject({ name: 'ServiceUnavailableException', status: 503 })
    expect(upstream.arrived).toEqual([])
    release()
  })
})

describe.skipIf(missing(VALKEY))('a Valkey that is gone', () => {
  it('shows, is asked again without a restart, and has refilled nothing', async () => {
    const valkey = await startWithValkey()
    expect(await readiness()).toMatchObject({
      status: 200,
      state: 'serving',
      store: { name: 'valkey', up: true },
    })
    await drop('before')
    await valkey.kill()
    const { result } = await refused(proxy, 'state_unavailable', () => thrownBy(drop('while')))
    expect(result).toMatchObject({ name: 'ServiceUnavailableException', status: 503 })
    // Reads go on, so their traffic must be let in.
    expect(await readiness()).toMatchObject({ status: 200, state: 'serving', store: { up: false } })
    expect(await proxy.metric('moderato_state_up')).toBe(0)
    await list()
    await valkey.start()
    await proxy.metricReaches('moderato_state_up', {}, 1)
    await drop('after')
    const names = upstream.recorded.map(({ body }) => String(JSON.parse(body.toString()).TableName))
    expect(names.filter((name) => name !== 'undefined')).toEqual(['before', 'after'])
  })

  it(
    'refuses reads too where it is told so, and says that it is not ready',
    { timeout: 60_000 },
    async () => {
      const valkey = await startWithValkey({ readsWhileDown: 'refuse' })
      await list()
      await valkey.kill()
      await vi.waitFor(
        async () => expect(await readiness()).toMatchObject({ status: 503, state: 'failing' }),
        5_000,
      )
      // Reads are of what operators decided, which is known for some seconds more.
      await vi.waitFor(
        async () => expect(await thrownBy(list())).toMatchObject({ name: 'ServiceUnavailableException' }),
        {
          timeout: 20_000,
          interval: 200,
        },
      )
      await valkey.start()
      await vi.waitFor(list, { timeout: 20_000, interval: 100 })
      expect(await readiness()).toMatchObject({ status: 200 })
    },
  )

  it('is not asked for a call that is neither paced nor a change', async () => {
    const valkey = await startWithValkey()
    const seen: string[] = []
    const monitor = await valkey.client().monitor()
    monitor.on('monitor', (_time: string, words: readonly string[]) => seen.push(words.join(' ')))
    for (let i = 0; i < 50; i += 1) await list()
    await valkey.client().set('mark', 'reads are over')
    await drop('t')
    await vi.waitFor(() => expect(seen.some((each) => each.includes('forwarded:'))).toBe(true))
    monitor.disconnect()
    const mark = seen.findIndex((each) => each.includes('mark'))
    const ofCalls = (lines: readonly string[]) => lines.filter((each) => /:(bucket|forwarded):/.test(each))
    expect(mark).toBeGreaterThan(-1)
    expect(ofCalls(seen.slice(0, mark))).toEqual([])
    expect(ofCalls(seen.slice(mark)).length).toBeGreaterThan(0)
  })
})
