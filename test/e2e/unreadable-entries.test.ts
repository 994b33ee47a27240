/** A replica whose store holds entries of a later version: an upgrade that is under way, or was taken back. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DeleteTableCommand, ListTablesCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { ListBucketsCommand } from '@aws-sdk/client-s3'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { taskIn } from '../../proxy/identity/revocations.ts'
import type { Ledger } from '../../proxy/state/ledger.ts'
import { BUILDER, READER, TENANT, type TestAgent } from '../support/agents.ts'
import { ALICE, PEOPLE } from '../support/approvers.ts'
import { dynamodb, s3, thrownBy } from '../support/clients.ts'
import { ledgerBeside } from '../support/ledger-beside.ts'
import { moderato } from '../support/moderato.ts'
import type { Proxy } from '../support/proxy.ts'
import { startScene } from '../support/scene.ts'
import { askTasks } from '../support/tasks.ts'

/** No version that these tests are of reads it. */
const LATER = { form: 2, toBeReadBy: 'a later version' }
const APPROVAL = 'a'.repeat(32)
const BREAKGLASS = `bg-${'b'.repeat(32)}`

async function start(write: (ledger: Ledger) => Promise<unknown>) {
  const stateDir = join(mkdtempSync(join(tmpdir(), 'moderato-later-')), 'state')
  onTestFinished(() => rmSync(join(stateDir, '..'), { recursive: true }))
  const beside = await ledgerBeside(stateDir)
  onTestFinished(() => beside.close())
  await write(beside.ledger)
  const { proxy, upstream } = await startScene({
    stateDir,
    agents: [BUILDER, READER, TENANT],
    settings: { admin: { people: PEOPLE }, breakglass: { classes: ['destructive'] } },
  })
  return { proxy, upstream, ledger: beside.ledger }
}

const list = (proxy: Proxy, agent: TestAgent) => dynamodb(proxy.url, agent).send(new ListTablesCommand({}))
const put = (proxy: Proxy, agent: TestAgent) =>
  dynamodb(proxy.url, agent).send(new PutItemCommand({ TableName: 'own', Item: { id: { S: '1' } } }))

/** What the admin API says; every answer of a list is 200. */
async function admin(proxy: Proxy, path: string, method = 'GET', body?: object) {
  const token =
    method === 'GET' ? readFileSync(join(proxy.stateDir, 'admin-token'), 'utf8').trim() : ALICE.token
  const answer = await fetch(`${proxy.adminUrl}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: answer.status, json: (await answer.json()) as Record<string, unknown> }
}

async function listed(proxy: Proxy, path: string): Promise<Record<string, unknown>> {
  const { status, json } = await admin(proxy, path)
  expect(status).toBe(200)
  return json
}

/** The log warns of each kind that was written, in words that give nothing away, and of no bug. */
function expectSaid(proxy: Proxy, ...kinds: readonly string[]): void {
  const said = proxy
    .log()
    .split('\n')
    .filter((line) => line.includes('cannot be read: the rule of its kind holds'))
  expect(said.map((line) => (JSON.parse(line) as { kind: string }).kind).toSorted()).toEqual(kinds.toSorted())
  expect(said.join()).not.toContain('a later version')
  expect(proxy.log()).not.toContain('this is a bug')
}

describe('an entry of a later version', () => {
  it('freezes what can be told of its scope, else everything, and can be lifted', async () => {
    const scope = { services: ['s3'], regions: ['eu-west-1'] }
    const { proxy, upstream, ledger } = await start((each) =>
      each.put('freeze', 'f-1', { ...LATER, scope, reason: 'r', by: 'b', sinceMs: 0 }),
    )
    const refused = await thrownBy(s3(proxy.url, BUILDER).send(new ListBucketsCommand({})))
    expect(refused).toMatchObject({ name: 'AccessDenied', status: 403, attempts: 1 })
    expect(refused.message).toMatch(/Somebody froze it: "The entry in the state store cannot be read\."/)
    await list(proxy, BUILDER)
    await ledger.put('freeze', 'f-2', LATER)
    await vi.waitFor(
      async () => expect((await thrownBy(list(proxy, BUILDER))).message).toContain('froze it'),
      { timeout: 15_000 },
    )
    expect(await listed(proxy, '/v1/freeze')).toMatchObject({
      freezes: [
        { id: 'f-1', scope: { services: ['s3'] }, unreadable: true },
        { id: 'f-2', scope: {}, unreadable: true },
      ],
    })
    const { out } = await moderato(proxy, ['freeze', 'list'])
    expect(out).toContain('f-2: UNREADABLE here, taken for everything; until lifted; by Somebody')
    expect((await moderato(proxy, ['freeze', 'lift', 'f-2'])).code).toBe(0)
    const before = upstream.recorded.length
    await list(proxy, BUILDER)
    expect(upstream.recorded).toHaveLength(before + 1)
    expectSaid(proxy, 'freeze', 'freeze')
  })

  it('quarantines its agent, and slows its agent the most', async () => {
    const { proxy, upstream } = await start(async (ledger) => {
      await ledger.put('quarantine', READER.id, LATER)
      await ledger.put('slowdown', TENANT.id, LATER)
    })
    const refused = await thrownBy(list(proxy, READER))
    expect(refused).toMatchObject({ name: 'AccessDeniedException', status: 403, attempts: 1 })
    expect(refused.message).toMatch(/Somebody stopped this agent until it is lifted/)
    expect(upstream.arrived).toEqual([])
    const { quarantines } = await listed(proxy, '/v1/quarantine')
    expect(quarantines).toMatchObject([{ agent: READER.id, by: 'Somebody', unreadable: true }])
    const { out } = await moderato(proxy, ['quarantine', 'list'])
    expect(out).toContain(`${READER.id}: UNREADABLE here, stopped until lifted`)
    const asked = new URLSearchParams({ agent: TENANT.id, classes: 'write' })
    expect(await listed(proxy, `/v1/limits/explain?${asked.toString()}`)).toMatchObject({
      buckets: [{ slowed: 1_000 }],
    })
    expectSaid(proxy, 'quarantine', 'slowdown')
  })

  it('ends the task that its name says, and keeps the name of one that is open', async () => {
    const { proxy, upstream, ledger } = await start(() => Promise.resolve())
    const { json } = await askTasks(proxy, BUILDER, { id: 'mine', intent: 'tidy' })
    const { accessKeyId, secretAccessKey, sessionToken } = json.credentials
    const credentials = { accessKeyId, secretAccessKey, sessionToken }
    const byTask = () => dynamodb(proxy.url, BUILDER, { credentials }).send(new ListTablesCommand({}))
    await byTask()
    await ledger.put('revocation', `task:${taskIn(BUILDER.id, json.task.id)}`, LATER)
    await ledger.put('task', taskIn(BUILDER.id, 'theirs'), LATER, { expiresAtMs: Date.now() + 60_000 })
    await vi.waitFor(
      async () => expect((await thrownBy(byTask())).message).toContain('was ended (unreadable)'),
      { timeout: 15_000 },
    )
    const count = upstream.recorded.length
    await list(proxy, BUILDER)
    expect(upstream.recorded).toHaveLength(count + 1)
    const taken = await askTasks(proxy, BUILDER, { id: 'theirs', intent: 'tidy' })
    expect(taken).toMatchObject({ status: 403, json: { code: 'AccessDenied' } })
    expect(taken.json.message).toContain('another version of Moderato opened it')
    const { tasks } = await listed(proxy, '/v1/tasks')
    expect(tasks).toContainEqual(
      expect.objectContaining({ task: 'theirs', root: BUILDER.id, unreadable: true }),
    )
    expect((await moderato(proxy, ['sessions', 'list'])).out).toContain(
      `theirs of root ${BUILDER.id}: UNREADABLE`,
    )
    expect(await listed(proxy, '/v1/sessions')).toMatchObject({ sessions: [{ revoked: 'unreadable' }] })
    const ended = await moderato(proxy, ['sessions', 'revoke', '--task', 'theirs', '--reason', 'r', '--json'])
    expect(JSON.parse(ended.out)).toMatchObject({ kind: 'task', id: 'theirs', tasksEnded: 1 })
    expectSaid(proxy, 'revocation', 'task')
  })

  it('ends all sessions where it does not say whose in words that are known', async () => {
    const { proxy, ledger } = await start(() => Promise.resolve())
    const { json } = await askTasks(proxy, BUILDER, { intent: 'tidy' })
    const issuedUntilMs = Date.now() + 1_000
    await ledger.put('revocation', 'provider:okta', {
      issuedUntilMs,
      cause: 'operator',
      by: 'alice',
      reason: 'r',
    })
    const { accessKeyId, secretAccessKey, sessionToken } = json.credentials
    const credentials = { accessKeyId, secretAccessKey, sessionToken }
    const byTask = () => dynamodb(proxy.url, BUILDER, { credentials }).send(new ListTablesCommand({}))
    await vi.waitFor(
      async () => expect((await thrownBy(byTask())).message).toContain('was ended (operator): r'),
      { timeout: 15_000 },
    )
    await list(proxy, BUILDER)
  })

  it('approves nothing, wants two people where it demands some, and opens no break-glass', async () => {
    const expiresAtMs = Date.now() + 60_000
    const { proxy, upstream } = await start(async (ledger) => {
      await ledger.put('approval', APPROVAL, LATER, { expiresAtMs })
      await ledger.put('approval', `demand:${BUILDER.id}`, LATER, { expiresAtMs })
      await ledger.put('breakglass', BREAKGLASS, LATER, { expiresAtMs })
    })
    const refused = await thrownBy(put(proxy, BUILDER))
    expect(refused).toMatchObject({ name: 'AccessDeniedException', status: 403 })
    expect(refused.message).toMatch(/needs two people/)
    const barred = await thrownBy(
      dynamodb(proxy.url, TENANT).send(new DeleteTableCommand({ TableName: 'own' })),
    )
    expect(barred.status).toBe(403)
    expect(upstream.arrived).toEqual([])
    expect(await listed(proxy, '/v1/approvals')).toMatchObject({
      approvals: [{ approvers: 2 }],
      demands: [{ agent: BUILDER.id, approvers: 2, unreadable: true }],
      unreadable: [{ id: APPROVAL, until: new Date(expiresAtMs).toISOString() }],
    })
    const lists = await Promise.all(
      ['approvals', 'breakglass'].map((verb) => moderato(proxy, [verb, 'list'])),
    )
    expect(lists.map(({ out }) => out)).toEqual([
      expect.stringContaining(`${APPROVAL}: UNREADABLE here, so not in force; until`),
      expect.stringContaining(`${BREAKGLASS}: UNREADABLE here, so not in force; until`),
    ])
    const unreadable = { status: 409, json: { error: 'unreadable' } }
    const [approval, breakglass] = [`/v1/approvals/${APPROVAL}`, `/v1/breakglass/${BREAKGLASS}`]
    expect(await admin(proxy, approval)).toMatchObject(unreadable)
    expect(await admin(proxy, `${approval}/approve`, 'POST', {})).toMatchObject(unreadable)
    expect(await admin(proxy, `${breakglass}/confirm`, 'POST', {})).toMatchObject(unreadable)
    expect(await admin(proxy, breakglass, 'DELETE')).toMatchObject(unreadable)
    expectSaid(proxy, 'approval', 'approval', 'breakglass')
  })
})
