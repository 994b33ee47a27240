import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { DeleteTableCommand, ListTablesCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { sha256 } from '../../proxy/operators/callers.ts'
import { BUILDER, READER, STRANGER, type TestAgent } from '../support/agents.ts'
import { dynamodb, thrownBy } from '../support/clients.ts'
import { moderato, type Ran } from '../support/moderato.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { dynamodbCall, headText, RawConnection, send, signed } from '../support/raw-http.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'
import { startScene } from '../support/scene.ts'
import { askTasks } from '../support/tasks.ts'

const ALICE = 'alice@example.org'
const BOB = 'bob@example.org'
const ONE_THEN_HELD = { pacing: { classes: { destructive: { rate: '6/min', burst: 1, maxWait: '20s' } } } }
const WHY = ['--reason', 'orders are stuck', '--ticket', 'INC-1']

const folder = mkdtempSync(join(tmpdir(), 'moderato-breakglass-'))
const people = [ALICE, BOB].map((id) => {
  const token = id.slice(0, 1).repeat(43)
  writeFileSync(join(folder, id), token, { mode: 0o600 })
  return { id, tokenSha256: sha256(token).toString('hex') }
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

let upstream: RecordingUpstream
let proxy: Proxy
let replica: Proxy | undefined
afterEach(async () => {
  await replica?.stop()
  replica = undefined
})

function settingsOf(own: Record<string, unknown>) {
  return { upstream: { accountId: '111122223333' }, admin: { people }, ...own }
}

async function start(own: Record<string, unknown> = {}): Promise<void> {
  const agents = [READER, STRANGER, BUILDER]
  ;({ upstream, proxy } = await startScene({ agents, settings: settingsOf(own) }))
}

const drop = (agent: TestAgent = READER, at = proxy, TableName = 't') =>
  dynamodb(at.url, agent, { maxAttempts: 1 }).send(new DeleteTableCommand({ TableName }))
const put = (agent: TestAgent = READER) =>
  dynamodb(proxy.url, agent).send(new PutItemCommand({ TableName: 't', Item: { id: { S: '1' } } }))

const as = (person: string, args: readonly string[], at = proxy): Promise<Ran> =>
  moderato(at, ['breakglass', ...args], join(folder, person))

async function open(
  args: readonly string[],
  { agent = READER, person = ALICE, at = proxy } = {},
): Promise<string> {
  const ran = await as(person, ['open', '--agent', agent.id, ...WHY, ...args, '--json'], at)
  expect(ran).toMatchObject({ code: 0, err: '' })
  return (JSON.parse(ran.out) as { id: string }).id
}

describe('a break-glass', () => {
  it('lets an agent do what it covers and nothing else, on record, until it is closed', async () => {
    await start()
    const before = await thrownBy(drop())
    expect(before).toMatchObject({ name: 'AccessDeniedException', status: 403 })
    expect(before.message).toContain('Class destructive is not granted')
    const id = await open(['--for', '30m', '--class', 'destructive', '--resource', '*:table/t'])
    expect(id).toMatch(/^bg-[0-9a-f]{32}$/)
    const { $metadata } = await drop()
    expect($metadata.httpStatusCode).toBe(200)
    // Another class, another resource, another agent.
    expect((await thrownBy(put())).message).toContain('Class write is not granted')
    expect((await thrownBy(drop(READER, proxy, 'other'))).message).toContain('table/other')
    expect((await thrownBy(drop(STRANGER))).message).toContain('Class destructive is not granted')
    expect(await proxy.metric('moderato_breakglass_active')).toBe(1)
    await proxy.metricReaches(
      'moderato_breakglass_calls_total',
      { class: 'destructive', decision: 'allow' },
      1,
    )
    expect(await as(ALICE, ['close', id])).toMatchObject({
      code: 0,
      out: expect.stringContaining(`${id}: closed for ${READER.id}, closed by ${ALICE} at 20`),
    })
    expect((await thrownBy(drop())).message).toContain('Class destructive is not granted')
    expect(await proxy.metric('moderato_breakglass_active')).toBe(0)
    expect(upstream.recorded).toHaveLength(1)
  })

  it('marks every call of its agent: header, decision and outcome records, log; one command reports them', async () => {
    await start()
    const id = await open(['--for', '30m', '--class', 'destructive'])
    const call = await dynamodbCall(proxy.url, 'DeleteTable', { TableName: 't' }, READER)
    expect((await send(proxy.url, call)).headers['x-moderato-breakglass']).toBe(id)
    await dynamodb(proxy.url, READER).send(new ListTablesCommand({}))
    await thrownBy(put())
    await as(BOB, ['close', id])
    const marked = () =>
      proxy
        .records()
        .filter(({ breakglass }) => breakglass === id)
        .map(({ phase, operation = '' }) => `${phase} ${operation}`)
        .toSorted()
    await vi.waitFor(
      () =>
        expect(marked()).toEqual([
          'breakglass ',
          'breakglass ',
          'decision DeleteTable',
          'decision ListTables',
          'decision PutItem',
          'outcome DeleteTable',
          'outcome ListTables',
        ]),
      { timeout: 15_000 },
    )
    expect(proxy.log()).toContain('a call while a break-glass is open')
    const { stateDir } = proxy
    const dir = ['--dir', join(stateDir, 'audit')]
    const { code, out } = await moderato(proxy, ['breakglass', 'report', id, ...dir])
    expect(code).toBe(0)
    expect(out).toMatch(
      /allow by break-glass destructive dynamodb:DeleteTable count=1 "arn:aws:dynamodb:.*:table\/t" 200/,
    )
    expect(out).toMatch(/allow by its own grants list dynamodb:ListTables/)
    expect(out).toMatch(/deny write dynamodb:PutItem .* policy_denied/)
    expect(out).toMatch(/opened by alice@example.org at .*: "orders are stuck", ticket "INC-1"/)
    expect(out).toMatch(/closed by bob@example.org at 20/)
    expect(out).toMatch(/destructive: 1 calls, 1 allowed \(of 1 things\), 0 refused/)
    const json = await moderato(proxy, ['breakglass', 'report', id, ...dir, '--json'])
    const lines = json.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object)
    expect(lines).toHaveLength(4)
    expect(lines.at(-1)).toMatchObject({
      report: { id, agent: READER.id, opened: { ticket: 'INC-1', closedBy: BOB } },
    })
    expect(await moderato(proxy, ['breakglass', 'report', 'bg-0', ...dir])).toMatchObject({ code: 1 })
  })

  it('alerts of its opening, its closing, and each call meanwhile', async () => {
    const posted: { kind: string; [member: string]: unknown }[] = []
    const place = createServer((request, response) => {
      void json(request).then((body) => {
        posted.push(body as (typeof posted)[number])
        return response.end()
      })
    }).listen(0, '127.0.0.1')
    onTestFinished(() => void place.close())
    await once(place, 'listening')
    const secretFile = join(folder, 'alerts')
    writeFileSync(secretFile, 's'.repeat(43), { mode: 0o600 })
    const { port } = place.address() as AddressInfo
    await start({ watch: { alerts: { url: `http://127.0.0.1:${port}/`, secretFile } } })
    await thrownBy(put())
    const id = await open(['--for', '30m', '--class', 'destructive'])
    await drop()
    await thrownBy(put())
    await as(BOB, ['close', id])
    // Watchers alert of their own.
    const ours = () => posted.filter(({ kind }) => kind !== 'drift')
    await vi.waitFor(() => expect(ours()).toHaveLength(4), { timeout: 5_000 })
    const of = (kind: string, facts: object) => expect.objectContaining({ kind, breakglass: id, ...facts })
    expect(ours()).toEqual(
      expect.arrayContaining([
        of('breakglass', { agent: READER.id, state: 'open', openedBy: ALICE, ticket: 'INC-1' }),
        of('breakglass', { state: 'closed', closedBy: BOB }),
        of('breakglass-call', { operation: 'DeleteTable', decision: 'allow' }),
        of('breakglass-call', { operation: 'PutItem', decision: 'deny', reason: 'policy_denied' }),
      ]),
    )
  })

  it('ends by itself at its time', async () => {
    await start()
    await open(['--for', '1s', '--class', 'destructive'])
    await drop()
    await vi.waitFor(() => expect(thrownBy(drop())).resolves.toMatchObject({ status: 403 }), {
      timeout: 5_000,
      interval: 100,
    })
    const opened = proxy.records().find(({ phase }) => phase === 'breakglass')?.['opened'] as {
      until: string
    }
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(opened.until))
    expect(await as(ALICE, ['list'])).toMatchObject({ code: 0, out: 'no break-glass is open\n' })
  })

  it('ends an upload that is under way, closed or at its time: nobody keeps one back for later', async () => {
    await start()
    const headers = { 'content-length': '1000000', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }
    for (const [index, duration] of ['30m', '3s'].entries()) {
      const id = await open(['--for', duration, '--class', 'write'])
      const connection = await RawConnection.open(proxy.url)
      connection.write(
        headText(
          await signed(
            proxy.url,
            { method: 'PUT', target: `/bucket/key-${index}`, headers },
            { service: 's3', agent: READER },
          ),
        ),
      )
      connection.write('x'.repeat(1000))
      await vi.waitFor(() => expect(upstream.arrived).toHaveLength(index + 1), { timeout: 5_000 })
      const cut = new Promise((gone) => upstream.arrived[index]?.once('close', gone))
      if (index === 0) await as(ALICE, ['close', id])
      await cut
      connection.close()
    }
    expect(upstream.recorded).toEqual([])
    await vi.waitFor(
      () =>
        expect(proxy.records().filter(({ phase }) => phase === 'outcome')).toMatchObject([
          { operation: 'PutObject', reason: 'policy_denied' },
          { operation: 'PutObject', reason: 'policy_denied' },
        ]),
      { timeout: 15_000 },
    )
  }, 20_000)

  it('closed while a call waits, refuses it within a second (S4)', async () => {
    await start(ONE_THEN_HELD)
    const id = await open(['--for', '30m', '--class', 'destructive'])
    await drop()
    const held = thrownBy(drop())
    await proxy.metricReaches('moderato_pace_queue_depth', { class: 'destructive' }, 1)
    let answered = false
    void held.then(() => (answered = true))
    await as(ALICE, ['close', id])
    await vi.waitFor(() => expect(answered).toBe(true), { timeout: 1_000, interval: 5 })
    expect(await held).toMatchObject({ name: 'AccessDeniedException', status: 403 })
    expect((await held).message).toContain('Class destructive is not granted')
    expect(upstream.recorded).toHaveLength(1)
  })

  it('reaches beyond the task of its agent, for what it covers', async () => {
    await start()
    const { json } = await askTasks(proxy, READER, {
      intent: 'look',
      grants: [{ classes: ['list'], resources: ['*'] }],
    })
    const { accessKeyId, secretAccessKey, sessionToken } = json.credentials
    const client = dynamodb(proxy.url, READER, {
      credentials: { accessKeyId, secretAccessKey, sessionToken },
    })
    const dropped = () => client.send(new DeleteTableCommand({ TableName: 't' }))
    expect((await thrownBy(dropped())).message).toContain('The task does not cover class destructive')
    await open(['--for', '30m', '--class', 'destructive'])
    await dropped()
    const item = client.send(new PutItemCommand({ TableName: 't', Item: { id: { S: '1' } } }))
    expect((await thrownBy(item)).message).toContain('The task does not cover class write')
  })

  it('does not lift a freeze', async () => {
    await start()
    await open(['--for', '30m', '--class', 'destructive'])
    await moderato(proxy, ['freeze', '--class', 'destructive', '--reason', 'stop'])
    expect((await thrownBy(drop())).message).toContain('froze it')
  })
})

describe('who may open one', () => {
  it('a named person, never the shared token, and only what the configuration allows', async () => {
    await start({ breakglass: { maxDuration: '10m', classes: ['destructive'], resources: ['*:table/*'] } })
    const args = ['open', '--agent', READER.id, ...WHY]
    const shared = await moderato(proxy, ['breakglass', ...args, '--for', '5m'])
    expect(shared).toMatchObject({ code: 1, out: '' })
    expect(shared.err).toContain('Only a person can do this')
    const refusedFor = async (...more: string[]) => (await as(ALICE, [...args, ...more])).err
    expect(await refusedFor('--for', '11m')).toContain('breakglass.maxDuration')
    expect(await refusedFor('--for', '5m', '--class', 'write')).toContain('write may not be opened')
    expect(await refusedFor('--for', '5m', '--class', 'credentials')).toContain('classes.0')
    expect(await refusedFor('--for', '5m', '--resource', '*')).toContain(
      'breakglass.resources does not cover',
    )
    expect(await refusedFor('--for', '5m', '--pace')).toContain('breakglass.pace')
    expect((await as(ALICE, ['open', '--agent', 'nobody', ...WHY, '--for', '5m'])).err).toContain(
      'no agent with that id',
    )
    const bidi = ['open', '--agent', READER.id, '--reason', 'x\u202e', '--ticket', 'T', '--for', '5m']
    expect((await as(ALICE, bidi)).err).toContain('without line breaks or control characters')
    expect(await proxy.metric('moderato_breakglass_active')).toBe(0)
    await open(['--for', '5m'])
    expect(await refusedFor('--for', '5m')).toContain('close it first')
    await drop()
  })

  it('two people where it takes two: the opener cannot confirm', async () => {
    await start({ breakglass: { people: 2 } })
    const id = await open(['--for', '30m', '--class', 'destructive'])
    expect((await thrownBy(drop())).status).toBe(403)
    const own = await as(ALICE, ['confirm', id])
    expect(own).toMatchObject({ code: 1 })
    expect(own.err).toContain('another person must confirm it')
    expect((await moderato(proxy, ['breakglass', 'confirm', id])).err).toContain('Only a person can do this')
    expect((await thrownBy(drop())).status).toBe(403)
    expect((await as(BOB, ['confirm', id])).out).toContain(`by ${ALICE} and ${BOB}: "orders are stuck"`)
    await drop()
    expect((await as(BOB, ['confirm', id])).err).toContain('No break-glass with that id waits')
  })

  it('replicas that share a file follow', async () => {
    const keyFile = join(folder, 'state-key')
    writeFileSync(keyFile, 'k'.repeat(64), { mode: 0o600 })
    const shared = { state: { file: join(folder, 'shared.sqlite'), keyFile } }
    await start(shared)
    const agents = [READER, STRANGER, BUILDER]
    replica = await startProxy({ upstream: upstream.url, agents, settings: settingsOf(shared) })
    const other = replica
    expect((await thrownBy(drop(READER, other))).status).toBe(403)
    const id = await open(['--for', '30m', '--class', 'destructive'])
    await vi.waitFor(() => drop(READER, other), { timeout: 1_000, interval: 25 })
    await as(ALICE, ['close', id])
    await vi.waitFor(() => expect(thrownBy(drop(READER, other))).resolves.toMatchObject({ status: 403 }), {
      timeout: 1_000,
      interval: 25,
    })
    await vi.waitFor(
      () =>
        expect(other.records().filter(({ phase }) => phase === 'breakglass')).toMatchObject([
          { breakglass: id, agent: READER.id, opened: { state: 'open', openedBy: ALICE } },
          { breakglass: id, opened: { state: 'closed', closedBy: ALICE } },
        ]),
      { timeout: 15_000 },
    )
  })
})
