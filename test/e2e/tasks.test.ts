import { DeleteTableCommand, DescribeTableCommand, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { beforeAll, describe, expect, it } from 'vitest'
import { BUILDER, READER, STRANGER } from '../support/agents.ts'
import { dynamodb, thrownBy } from '../support/clients.ts'
import type { Proxy } from '../support/proxy.ts'
import { dynamodbCall, send, signed } from '../support/raw-http.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'
import { openScene } from '../support/scene.ts'
import { askTasks, type OpenedTask, type TaskCredentials } from '../support/tasks.ts'

const READS = [{ classes: ['read', 'list'], resources: ['*'] }]

describe('a task, opened with a static key', () => {
  let upstream: RecordingUpstream
  let proxy: Proxy
  beforeAll(async () => {
    const scene = await openScene({ agents: [BUILDER, READER, STRANGER] })
    ;({ upstream, proxy } = scene)
    return scene.stop
  })

  async function opened(body: object, key: Parameters<typeof askTasks>[1] = BUILDER): Promise<OpenedTask> {
    const { status, json } = await askTasks(proxy, key, { intent: 'look around', ...body })
    expect({ status, message: json.message }).toEqual({ status: 200, message: undefined })
    return json
  }
  const client = (credentials: TaskCredentials) => {
    const { accessKeyId, secretAccessKey, sessionToken } = credentials
    return dynamodb(proxy.url, BUILDER, {
      credentials: { accessKeyId, secretAccessKey, sessionToken },
      maxAttempts: 1,
    })
  }

  it('gives credentials that an SDK works with, and that do not leave the proxy', async () => {
    const { task, credentials } = await opened({ grants: READS })
    expect(credentials.accessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/)
    expect(credentials.sessionToken.length).toBeLessThan(2048)
    await client(credentials).send(new ListTablesCommand({}))
    const last = upstream.recorded.at(-1)
    expect(JSON.stringify(last?.headers)).not.toContain(credentials.sessionToken)
    expect(JSON.stringify(last?.headers)).not.toContain(credentials.accessKeyId)
    const record = await proxy.record(({ operation }) => operation === 'ListTables')
    expect(record).toMatchObject({ agent: BUILDER.id, task: task.id, decision: 'allow' })
    expect(record['session']).toMatch(/^[\w-]{16}$/)
  })

  it('is a task of a parent only with the credentials of that parent', async () => {
    await opened({ id: 'the-parent', grants: READS })
    const { status, json } = await askTasks(proxy, BUILDER, { intent: 'x', parent: 'the-parent' })
    expect(status).toBe(403)
    expect(json.message).toContain('sign with the credentials of that parent')
  })

  it('narrows what the agent may do, and says so', async () => {
    const { credentials } = await opened({ grants: READS })
    const sent = upstream.arrived.length
    const thrown = await thrownBy(client(credentials).send(new DeleteTableCommand({ TableName: 't' })))
    expect(thrown).toMatchObject({ name: 'AccessDeniedException', status: 403 })
    expect(thrown.message).toContain('The task does not cover class destructive')
    expect(upstream.arrived.length).toBe(sent)
  })

  it('never gives more than the agent has', async () => {
    const asked = [{ classes: ['read', 'destructive'], resources: ['*'] }]
    const { task, credentials } = await opened({ grants: asked }, READER)
    expect(task.narrowed).toBe(true)
    expect(task).toMatchObject({ scopes: [{ grants: [{ classes: ['read'], resources: ['*'] }] }] })
    const thrown = await thrownBy(client(credentials).send(new DeleteTableCommand({ TableName: 't' })))
    expect(thrown.message).toContain('destructive')
    const none = await askTasks(proxy, STRANGER, { intent: 'anything', grants: asked })
    expect(none).toMatchObject({ status: 403, json: { code: 'AccessDenied' } })
    expect(none.json.message).toContain('This agent has none of the grants that the task asks for')
  })

  it('opens tasks from a task, which have no more than it has, and end with it', async () => {
    const outer = await opened({ id: 'outer', grants: READS })
    const inner = await opened(
      { id: 'inner', grants: [{ classes: ['read'], resources: ['*'] }] },
      outer.credentials,
    )
    expect(inner.task.parent).toBe('outer')
    await client(inner.credentials)
      .send(new DescribeTableCommand({ TableName: 't' }))
      .catch(() => undefined)
    const listed = await thrownBy(client(inner.credentials).send(new ListTablesCommand({})))
    expect(listed.message).toContain('The task does not cover class list')
    // Asked for more than the outer task has, it still has no more.
    const wider = await opened(
      { id: 'wider', grants: [{ classes: ['destructive'], resources: ['*'] }] },
      outer.credentials,
    )
    const deleted = await thrownBy(client(wider.credentials).send(new DeleteTableCommand({ TableName: 't' })))
    expect(deleted.message).toContain('The task does not cover class destructive')
    const ended = await askTasks(proxy, outer.credentials, undefined, {
      method: 'DELETE',
      target: '/.moderato/v1/tasks/outer',
    })
    expect(ended).toMatchObject({ status: 200, json: { task: { id: 'outer', ended: true } } })
    for (const { credentials } of [outer, inner, wider]) {
      const thrown = await thrownBy(client(credentials).send(new ListTablesCommand({})))
      expect(thrown).toMatchObject({ name: 'ExpiredTokenException', status: 403 })
      expect(thrown.message).toContain('was ended')
    }
    const again = await askTasks(proxy, BUILDER, { id: 'outer', intent: 'again' })
    expect(again).toMatchObject({ status: 403, json: { code: 'ExpiredToken' } })
  })

  it('is ended by its own credentials, and not by those of another', async () => {
    const one = await opened({ id: 'one' })
    const other = await opened({ id: 'other' })
    const target = '/.moderato/v1/tasks/one/complete'
    expect(await askTasks(proxy, other.credentials, undefined, { target })).toMatchObject({ status: 403 })
    // Another agent has tasks of its own, and cannot name this one.
    expect(await askTasks(proxy, READER, undefined, { target })).toMatchObject({ status: 200 })
    await client(one.credentials).send(new ListTablesCommand({}))
    expect(await askTasks(proxy, one.credentials, undefined, { target })).toMatchObject({ status: 200 })
    const thrown = await thrownBy(client(one.credentials).send(new ListTablesCommand({})))
    expect(thrown.name).toBe('ExpiredTokenException')
  })

  it('refuses its token with another access key, changed, or without its secret', async () => {
    const { credentials } = await opened({ grants: READS })
    const another = await opened({ grants: READS })
    const { sessionToken, secretAccessKey, accessKeyId } = credentials
    const flipped = `${sessionToken.slice(0, -1)}${sessionToken.endsWith('A') ? 'B' : 'A'}`
    const attempts = {
      moved: { ...another.credentials, sessionToken },
      changed: { ...credentials, sessionToken: flipped },
      static: { ...BUILDER, sessionToken },
      guessed: { ...credentials, secretAccessKey: another.credentials.secretAccessKey },
    }
    for (const [name, key] of Object.entries(attempts)) {
      const { status, body } = await send(proxy.url, await dynamodbCall(proxy.url, 'ListTables', {}, key))
      const text = body.toString()
      expect({ name, status, refused: /unknown_credential|bad_signature/.test(text) }).toEqual({
        name,
        status: 403,
        refused: true,
      })
      for (const secret of [secretAccessKey, sessionToken]) expect(text).not.toContain(secret)
    }
    const without = await send(
      proxy.url,
      await dynamodbCall(proxy.url, 'ListTables', {}, { accessKeyId, secretAccessKey }),
    )
    expect(without.body.toString()).toContain('unknown_credential')
  })

  it('records what it was opened for, in the words of its agent, before credentials are given', async () => {
    const body = {
      id: 'explained',
      justification: 'the disk of staging-7 is full, see the ticket',
      ticket: 'INC-7',
      durationSeconds: 900,
    }
    const { task } = await opened(body)
    expect(Date.parse(task.expiresAt) - Date.now()).toBeLessThanOrEqual(900_000)
    const record = await proxy.record((line) => line['task'] === 'explained')
    expect(record).toMatchObject({
      phase: 'decision',
      operation: 'OpenTask',
      class: 'credentials',
      facts: {
        task: {
          intent: '"look around"',
          justification: '"the disk of staging-7 is full, see the ticket"',
          ticket: '"INC-7"',
          openedBy: 'static-key',
        },
      },
    })
  })

  it('says what is wrong with what was asked', async () => {
    const wrong = {
      'intent: ': { intent: '' },
      'there is no such member': { intent: 'i', grant: [] },
      'durationSeconds: ': { intent: 'i', durationSeconds: 1 },
      'grants.0.classes.0': { intent: 'i', grants: [{ classes: ['everything'], resources: ['*'] }] },
      'give classes and resources together, or neither': { intent: 'i', classes: ['read'] },
      'is a name that an SDK generates': { intent: 'i', id: 'botocore-session-1795468084' },
      'A task needs its intent': {},
    }
    for (const [words, body] of Object.entries(wrong)) {
      const { status, json } = await askTasks(proxy, BUILDER, body)
      expect([400, 403]).toContain(status)
      expect(json.message).toContain(words)
    }
  })

  it('gives credentials to SDKs in containers for its ticket, until it ends', async () => {
    const { containerToken, credentials } = await opened({ id: 'contained', grants: READS })
    const fetched = (token: string | undefined) =>
      fetch(
        `${proxy.url}/.moderato/v1/credentials`,
        token === undefined ? {} : { headers: { authorization: token } },
      )
    const answer = (await (await fetched(containerToken)).json()) as Record<string, string>
    expect(Object.keys(answer)).toEqual(['AccessKeyId', 'SecretAccessKey', 'Token', 'Expiration'])
    await client({
      accessKeyId: answer['AccessKeyId'] ?? '',
      secretAccessKey: answer['SecretAccessKey'] ?? '',
      sessionToken: answer['Token'] ?? '',
      expiration: '',
    }).send(new ListTablesCommand({}))
    expect((await fetched(undefined)).status).toBe(403)
    expect((await fetched(`${containerToken}\n`.trim().slice(0, -2))).status).toBe(403)
    expect((await fetched(credentials.sessionToken)).status).toBe(403)
    await askTasks(proxy, credentials, undefined, {
      method: 'DELETE',
      target: '/.moderato/v1/tasks/contained',
    })
    expect((await fetched(containerToken)).status).toBe(403)
  })

  it('is not opened by a copy of the request', async () => {
    const text = JSON.stringify({ intent: 'once' })
    const request = await signed(
      proxy.url,
      {
        method: 'POST',
        target: '/.moderato/v1/tasks',
        headers: { 'content-type': 'application/json', 'content-length': String(text.length) },
        body: text,
      },
      { agent: BUILDER, service: 'moderato' },
    )
    expect((await send(proxy.url, request)).status).toBe(200)
    const copy = await send(proxy.url, request)
    expect(copy.status).toBe(503)
    expect(copy.body.toString()).not.toContain('secretAccessKey')
  })
})
