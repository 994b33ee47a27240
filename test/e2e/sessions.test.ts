import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DeleteTableCommand, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { BUILDER, READER } from '../support/agents.ts'
import { dynamodb, thrownBy } from '../support/clients.ts'
import { moderato } from '../support/moderato.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { headText, RawConnection, signed } from '../support/raw-http.ts'
import { RecordingUpstream } from '../support/recording-upstream.ts'
import { askTasks, type OpenedTask } from '../support/tasks.ts'

/** On a replica that was not asked: the promise of the state store. */
const WITHIN_A_SECOND = { timeout: 1_000, interval: 20 }

let upstream: RecordingUpstream
let folder: string
const replicas: Proxy[] = []
beforeEach(async () => {
  upstream = await RecordingUpstream.start()
  folder = mkdtempSync(join(tmpdir(), 'moderato-replicas-'))
})
afterEach(async () => {
  await Promise.all(replicas.splice(0).map((each) => each.stop()))
  await upstream.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** A process of its own, with its own audit log; store and keys are those of all. */
async function replica(settings: Record<string, unknown> = {}): Promise<Proxy> {
  const proxy = await startProxy({
    upstream: upstream.url,
    agents: [BUILDER, READER],
    settings: {
      state: { file: join(folder, 'state.sqlite'), keyFile: join(folder, 'ledger-key') },
      identity: { sealingKeys: join(folder, 'sealing-keys') },
      ...settings,
    },
  })
  replicas.push(proxy)
  return proxy
}

async function opened(proxy: Proxy, body: object = {}): Promise<OpenedTask> {
  const id = `task-${randomBytes(4).toString('hex')}`
  const { status, json } = await askTasks(proxy, BUILDER, { id, intent: 'tidy', ...body })
  expect({ status, message: json.message }).toEqual({ status: 200, message: undefined })
  return json
}

const clientOf = (proxy: Proxy, { credentials }: OpenedTask) => {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials
  return dynamodb(proxy.url, BUILDER, {
    credentials: { accessKeyId, secretAccessKey, sessionToken },
    maxAttempts: 1,
  })
}
const list = (proxy: Proxy, task: OpenedTask) => clientOf(proxy, task).send(new ListTablesCommand({}))

describe('a session, on two replicas', () => {
  it.each([
    ['its task', ({ task }: OpenedTask) => ['--task', task.id]],
    ['its agent', () => ['--agent', BUILDER.id]],
    ['its root', () => ['--root', BUILDER.id]],
    ['all', () => ['--all']],
  ])('is refused on one within a second after %s was revoked on the other', async (_, named) => {
    const [one, other] = [await replica(), await replica()]
    const task = await opened(one)
    await list(other, task)
    const ran = await moderato(one, ['sessions', 'revoke', ...named(task), '--reason', 'it leaked'])
    expect(ran).toMatchObject({ code: 0, err: '' })
    const refused = await vi.waitFor(async () => thrownBy(list(other, task)), WITHIN_A_SECOND)
    expect(refused).toMatchObject({ name: 'ExpiredTokenException', status: 403, attempts: 1 })
    expect(refused.message).toContain('was ended (operator): it leaked')
    expect((await thrownBy(list(one, task))).name).toBe('ExpiredTokenException')
    const change = await one.record(({ phase }) => phase === 'admin')
    expect(change).toMatchObject({
      admin: { does: 'POST /v1/sessions/revoke', body: { reason: 'it leaked' } },
    })
    expect(await one.metric('moderato_sessions_revoked_total', { cause: 'operator' })).toBe(1)
    expect(await other.metric('moderato_sessions_revoked_total', { cause: 'operator' })).toBe(0)
    await other.metricReaches('moderato_sessions_active', {}, 0)
  })

  it('has its uploads cut and its held calls answered on the other replica', async () => {
    const held = { pacing: { classes: { destructive: { rate: '6/min', burst: 1, maxWait: '20s' } } } }
    const [one, other] = [await replica(held), await replica(held)]
    const task = await opened(one)
    const put = {
      method: 'PUT',
      target: '/bucket/key',
      headers: { 'content-length': '1000000', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
    }
    const connection = await RawConnection.open(other.url)
    connection.write(headText(await signed(other.url, put, { service: 's3', agent: task.credentials })))
    connection.write('x'.repeat(1000))
    await vi.waitFor(() => expect(upstream.arrived).toHaveLength(1), { timeout: 5000 })
    let isCut = false
    upstream.arrived[0]?.once('close', () => (isCut = true))
    const drop = () => clientOf(other, task).send(new DeleteTableCommand({ TableName: 't' }))
    await drop()
    let answer: string | undefined
    void thrownBy(drop()).then(({ message }) => (answer = message))
    await other.metricReaches('moderato_pace_queue_depth', { class: 'destructive' }, 1)
    await moderato(one, ['sessions', 'revoke', '--task', task.task.id, '--reason', 'stop'])
    await vi.waitFor(() => {
      expect(isCut).toBe(true)
      expect(answer).toContain('was ended (operator): stop')
    }, WITHIN_A_SECOND)
    expect(upstream.recorded).toHaveLength(1)
    const outcome = await other.record(
      ({ phase, operation }) => phase === 'outcome' && operation === 'PutObject',
    )
    expect(outcome).toMatchObject({ reason: 'revoked' })
    connection.close()
  })

  it('is over everywhere when its agent ends its task, and is listed until then', async () => {
    const [one, other] = [await replica(), await replica()]
    const task = await opened(one, { ticket: 'INC-7' })
    await list(other, task)
    await other.metricReaches('moderato_sessions_active', {}, 1)
    const { out } = await moderato(other, ['sessions', 'list'])
    expect(out).toContain(`${task.task.id}: ${BUILDER.id} by static-key`)
    expect(out).toContain('"tidy" "INC-7"; 1 calls, 0 refused')
    const sessions = await moderato(other, ['sessions', 'list', '--sessions', '--json'])
    expect(JSON.parse(sessions.out)).toMatchObject({ sessions: [{ task: task.task.id, revoked: null }] })
    const target = `/.moderato/v1/tasks/${task.task.id}`
    expect(await askTasks(other, task.credentials, undefined, { method: 'GET', target })).toMatchObject({
      json: { task: { open: true, agent: BUILDER.id }, counts: { calls: 1, forwarded: 1 }, leftBehind: [] },
    })
    const stranger = await opened(one)
    const asked = await askTasks(other, stranger.credentials, undefined, { method: 'GET', target })
    expect(asked.status).toBe(403)
    await askTasks(one, task.credentials, undefined, { method: 'DELETE', target })
    const refused = await vi.waitFor(async () => thrownBy(list(other, task)), WITHIN_A_SECOND)
    expect(refused.message).toContain('was ended (ended)')
  })
})

describe('a freeze of everything', () => {
  it('leaves agents their way to end a task, and no other', async () => {
    const proxy = await replica()
    const task = await opened(proxy)
    const target = `/.moderato/v1/tasks/${task.task.id}`
    await moderato(proxy, ['freeze', 'all', '--reason', 'incident 7'])
    expect((await thrownBy(list(proxy, task))).message).toContain('incident 7')
    expect(await askTasks(proxy, BUILDER, { intent: 'another' })).toMatchObject({
      status: 403,
      json: { message: expect.stringContaining('incident 7') },
    })
    expect(await askTasks(proxy, task.credentials, undefined, { method: 'DELETE', target })).toMatchObject({
      status: 200,
      json: { task: { ended: true } },
    })
    const { out } = await moderato(proxy, ['freeze', 'list', '--json'])
    const [found] = (JSON.parse(out) as { freezes: { id: string }[] }).freezes
    await moderato(proxy, ['freeze', 'lift', found?.id ?? ''])
    expect((await thrownBy(list(proxy, task))).message).toContain('was ended (ended)')
  })
})

describe('sealing keys, while Moderato runs', () => {
  it('change without a break, end what they sealed when they are removed, and stay as they were in a bad file', async () => {
    const proxy = await replica()
    const keys = async (...args: string[]) => {
      const place = ['--file', join(folder, 'sealing-keys'), '--json']
      const { code, out, err } = await moderato(proxy, ['sessions', 'keys', ...args, ...place])
      expect({ code, err }).toEqual({ code: 0, err: '' })
      return (JSON.parse(out) as { keys: string[] }).keys
    }
    const followed = (ids: readonly string[]) =>
      proxy.record(
        (line) =>
          line.phase === 'config' &&
          JSON.stringify((line['config'] as { keys?: object }).keys) === JSON.stringify(ids),
      )
    const before = await opened(proxy)
    const [first = '', second = ''] = await keys('add')
    await followed([first, second])
    await keys('promote', second)
    await followed([second, first])
    const after = await opened(proxy)
    expect(after.credentials.sessionToken).toMatch(new RegExp(`^M1\\.${second}\\.`))
    await list(proxy, before)
    await keys('remove', first)
    await followed([second])
    const refused = await thrownBy(list(proxy, before))
    expect(refused.message).toContain('what it was sealed with was taken away')
    await list(proxy, after)
    writeFileSync(join(folder, 'sealing-keys'), 'nonsense\n')
    const refusals = () => proxy.log().split('those in force stay so').length - 1
    await vi.waitFor(() => expect(refusals()).toBe(1), { timeout: 10_000 })
    await list(proxy, after)
    rmSync(join(folder, 'sealing-keys'))
    await vi.waitFor(() => expect(refusals()).toBe(2), { timeout: 10_000 })
    await list(proxy, after)
  })
})
