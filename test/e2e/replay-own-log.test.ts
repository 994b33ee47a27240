/** The configuration in force, on its own log of all that replay must go by, gives no difference. */
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { CreateTableCommand, DeleteTableCommand, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { expect, it } from 'vitest'
import { loadConfig } from '../../proxy/config/load.ts'
import { replay } from '../../proxy/replay/replay.ts'
import { BUILDER, READER, type TestAgent } from '../support/agents.ts'
import { ALICE, approvalIn, approvals, PEOPLE } from '../support/approvers.ts'
import { dynamodb, thrownBy } from '../support/clients.ts'
import { moderato } from '../support/moderato.ts'
import type { Proxy } from '../support/proxy.ts'
import { startScene } from '../support/scene.ts'
import { askTasks } from '../support/tasks.ts'

/** It may not make tables. */
const SLOWED: TestAgent = {
  ...BUILDER,
  id: 'spiffe://example.org/agent/slowed',
  accessKeyId: 'AKIDSLOWED',
  grants: [{ classes: ['destructive'], resources: ['*'] }],
}
const ASKED: TestAgent = { ...BUILDER, id: 'spiffe://example.org/agent/asked', accessKeyId: 'AKIDASKED' }
const GUARDED = 'arn:aws:dynamodb:*:*:table/guarded*'

const SETTINGS = {
  upstream: { accountId: '111122223333' },
  admin: { people: PEOPLE },
  policy: { approvals: [{ classes: ['destructive'], resources: [GUARDED] }] },
  catalogue: { overrides: [{ operation: 'dynamodb:CreateTable', classes: ['disruptive'] }] },
  breakglass: { pace: { rate: '60/min', burst: 10, maxWait: '5s' } },
  pacing: {
    classes: {
      destructive: { rate: '6/min', burst: 2, maxWait: '0s' },
      disruptive: { rate: '6/min', burst: 1, maxWait: '0s' },
    },
  },
  watch: { detectors: { 'retry-storm': { response: 'slow', factor: 10 }, fanout: { response: 'mark' } } },
}

let proxy: Proxy

type Caller = TestAgent & { readonly sessionToken?: string }

const client = ({ accessKeyId, secretAccessKey, sessionToken = '' }: Caller) =>
  dynamodb(proxy.url, BUILDER, {
    maxAttempts: 1,
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken === '' ? {} : { sessionToken }) },
  })
const list = (agent: TestAgent) => client(agent).send(new ListTablesCommand({}))
const drop = (TableName: string, agent = BUILDER) => client(agent).send(new DeleteTableCommand({ TableName }))
const create = (agent = BUILDER) =>
  client(agent).send(
    new CreateTableCommand({
      TableName: 't',
      KeySchema: [],
      AttributeDefinitions: [],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  )
const refusedOr = (call: Promise<unknown>) => call.catch(() => undefined)

async function replayed() {
  const { config } = loadConfig(proxy.configFile, {})
  const report = await replay(join(proxy.stateDir, 'audit'), config)
  expect(report).toMatchObject({ differences: 0, letThrough: 0, stopped: 0, unreadable: 0 })
  return report
}

/** Bytes that are no HTTP request. */
function sendNonsense(): Promise<void> {
  const { hostname, port } = new URL(proxy.url)
  return new Promise((closed) => {
    const socket = connect(Number(port), hostname, () => socket.end('no HTTP at all\r\n\r\n'))
    socket.resume().once('close', () => closed())
  })
}

async function task(id: string): Promise<Caller> {
  const grants = [{ classes: ['read', 'list', 'destructive'], resources: ['*'] }]
  const body = { id, intent: 'tidy up', justification: 'a person asked for it, in a ticket', grants }
  const { json } = await askTasks(proxy, BUILDER, body)
  const { accessKeyId, secretAccessKey, sessionToken } = json.credentials
  return { ...BUILDER, accessKeyId, secretAccessKey, sessionToken }
}

it('replays malformed bytes, tasks, class overrides, approvals, break-glass and slowed agents as they were', async () => {
  ;({ proxy } = await startScene({ agents: [BUILDER, READER, SLOWED, ASKED], settings: SETTINGS }))
  await sendNonsense()
  await thrownBy(list({ ...READER, secretAccessKey: 'not-the-secret-of-the-reader-at-all' }))
  // Under the override a table is made once in ten seconds.
  await create()
  expect((await thrownBy(create())).name).toBe('ThrottlingException')

  const own = await task('tidy')
  await list(own)
  await thrownBy(create(own))
  await askTasks(proxy, BUILDER, { id: 'no', grants: 'none' })

  // A person lets one call skip its pace, another one not.
  for (const [table, flags] of [
    ['guarded-1', ['--skip-pace']],
    ['guarded-2', []],
  ] as const) {
    const id = approvalIn((await thrownBy(drop(table, ASKED))).message)
    await approvals(proxy, ALICE, 'approve', id, ...flags)
    await drop(table, ASKED)
  }
  await drop('one', ASKED)
  expect((await thrownBy(drop('two', ASKED))).name).toBe('ThrottlingException')

  const opened = [
    '--agent',
    READER.id,
    '--class',
    'destructive',
    '--resource',
    '*:table/t*',
    '--for',
    '30m',
    '--pace',
  ]
  const token = join(proxy.stateDir, 'token-of-alice')
  writeFileSync(token, ALICE.token, { mode: 0o600 })
  const why = ['--reason', 'stuck', '--ticket', 'INC-1']
  expect(await moderato(proxy, ['breakglass', 'open', ...opened, ...why], token)).toMatchObject({ code: 0 })
  for (let index = 0; index < 4; index++) await drop(`t${index}`, READER)
  expect((await thrownBy(drop('other', READER))).message).toContain('table/other')

  // Five refusals trip the watcher; after that one call in 100 s goes.
  for (let index = 0; index < 5; index++) await thrownBy(create(SLOWED))
  await proxy.record((line) => line.phase === 'drift' && line.agent === SLOWED.id)
  await drop('a', SLOWED)
  await refusedOr(drop('b', SLOWED))
  await refusedOr(drop('c', SLOWED))
  await proxy.record(({ phase, agent }) => phase === 'decision' && agent === SLOWED.id)
  const report = await replayed()
  expect(report.skipped).toMatchObject({ 'no verified agent': 2, 'openings of tasks': 1 })
  expect(report.underBreakglass).toBe(5)
  expect(report.watchers).toMatchObject({ 'retry-storm': 1 })
  expect(report.calls).toBeGreaterThan(15)
}, 60_000)

it('counts apart what other overrides may class otherwise, and openings that were refused', async () => {
  ;({ proxy } = await startScene({ agents: [BUILDER], settings: SETTINGS }))
  await create()
  await drop('a')
  await askTasks(proxy, BUILDER, { id: 'x', grants: [{ classes: ['credentials'], resources: ['*'] }] })
  await proxy.record(({ operation, phase }) => phase === 'outcome' && operation === 'DeleteTable')
  const { config } = loadConfig(proxy.configFile, {})
  const other = { ...config, catalogue: { ...config.catalogue, overrides: [] } }
  const report = await replay(join(proxy.stateDir, 'audit'), other)
  expect(report.skipped).toMatchObject({ 'other class rules': 1 })
  expect(report).toMatchObject({ calls: 1, differences: 0 })
})
