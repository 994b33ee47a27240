/** What a running Moderato says of its audit log: by the admin API, and by the command line with --admin. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DeleteTableCommand, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Line } from '../audit/support.ts'
import { BUILDER, READER } from '../support/agents.ts'
import { dynamodb, thrownBy } from '../support/clients.ts'
import { moderato, type Ran } from '../support/moderato.ts'
import { openScene, type Scene } from '../support/scene.ts'
import { askTasks } from '../support/tasks.ts'

const TASK = 'tidy-1'
let scene: Scene & { readonly stop: () => Promise<void> }

async function asked(path: string, token?: string): Promise<{ status: number; json: unknown }> {
  const { adminUrl, stateDir } = scene.proxy
  const bearer = token ?? readFileSync(join(stateDir, 'admin-token'), 'utf8').trim()
  const answer = await fetch(`${adminUrl}${path}`, { headers: { authorization: `Bearer ${bearer}` } })
  return { status: answer.status, json: await answer.json() }
}

interface Page {
  readonly records: readonly Line[]
  readonly more: boolean
  readonly next: number | null
}

const got = async (path: string): Promise<Page> => (await asked(path)).json as Page

beforeAll(async () => {
  scene = await openScene({ agents: [BUILDER, READER] })
  const { proxy } = scene
  const { json } = await askTasks(proxy, BUILDER, { id: TASK, intent: 'tidy <b>up</b>', ticket: 'OPS-1' })
  const { accessKeyId, secretAccessKey, sessionToken } = json.credentials
  const client = dynamodb(proxy.url, BUILDER, {
    credentials: { accessKeyId, secretAccessKey, sessionToken },
  })
  for (const TableName of ['payments-1', 'payments-2'])
    await client.send(new DeleteTableCommand({ TableName }))
  await thrownBy(dynamodb(proxy.url, READER).send(new DeleteTableCommand({ TableName: 'payments-3' })))
  await dynamodb(proxy.url).send(new ListTablesCommand({}))
  const target = `/.moderato/v1/tasks/${TASK}`
  await askTasks(proxy, json.credentials, undefined, { method: 'DELETE', target })
  // Outcomes are on disk within about 100 ms.
  await vi.waitFor(
    async () => {
      const { records } = await got('/v1/audit/records?operation=moderato:EndTask')
      expect(records).toHaveLength(2)
    },
    { timeout: 10_000, interval: 50 },
  )
})
afterAll(() => scene.stop())

const typed = (verb: string, ...args: readonly string[]): Promise<Ran> => {
  const { adminUrl, stateDir } = scene.proxy
  const at = ['--admin', adminUrl, '--token-file', join(stateDir, 'admin-token')]
  return moderato(scene.proxy, [verb, ...args, ...at])
}

const table = (name: string): string => `arn:aws:dynamodb:us-east-1:*:table/${name}`

describe('/v1/audit/records', () => {
  it('finds records as they are in the log, newest last', async () => {
    const { records, more, next } = await got('/v1/audit/records?resource=*payments*&class=destructive')
    expect(records.map(({ decision, resources }) => [decision, resources])).toEqual([
      ['allow', [table('payments-1')]],
      ['allow', [table('payments-2')]],
      ['deny', [table('payments-3')]],
    ])
    expect([more, next]).toEqual([false, null])
    const log = new Map(scene.proxy.records().map((record) => [record['seq'], record]))
    for (const record of records) expect(JSON.stringify(record)).toBe(JSON.stringify(log.get(record.seq)))
  })

  it('gives the newest alone, or pages from the oldest on', async () => {
    const newest = await got('/v1/audit/records?class=destructive&limit=1')
    expect([newest.records[0]?.['resources'], newest.more]).toEqual([[table('payments-3')], true])
    const all: number[] = []
    for (let after: number | null = 0; after !== null;) {
      const page: Page = await got(`/v1/audit/records?limit=4&after=${after}`)
      expect(page.records.length).toBeLessThanOrEqual(4)
      all.push(...page.records.map(({ seq }) => seq))
      after = page.next
    }
    expect(all.slice(0, 12)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1))
    expect(new Set(all).size).toBe(all.length)
  })

  it.each([
    'class=destructve',
    'decision=denied',
    'since=soon',
    'limit=0',
    'limit=1001',
    'after=-1',
    'clas=read',
    'task=',
  ])('refuses %s', async (query) => {
    expect(await asked(`/v1/audit/records?${query}`)).toMatchObject({
      status: 400,
      json: { error: 'invalid_query' },
    })
  })

  it('answers nobody without the token', async () => {
    for (const path of ['/v1/audit/records', `/v1/tasks/${TASK}`, `/v1/tasks/${TASK}/timeline`])
      expect((await asked(path, 'wrong')).status).toBe(401)
  })
})

describe('/v1/tasks/{id}', () => {
  it('shows a task that has ended', async () => {
    expect(await asked(`/v1/tasks/${TASK}`)).toMatchObject({
      status: 200,
      json: {
        task: TASK,
        agents: [BUILDER.id],
        openings: [{ intent: 'tidy <b>up</b>', ticket: 'OPS-1', vouchedBy: 'static-key' }],
        endings: [{ cause: 'ended' }],
        counts: { calls: 2, forwarded: 2 },
        destroyed: [{ resource: table('payments-1') }, { resource: table('payments-2') }],
      },
    })
    expect(await asked('/v1/tasks/nope')).toMatchObject({ status: 404, json: { error: 'no_such_task' } })
  })

  it('tells its timeline', async () => {
    const { json } = await asked(`/v1/tasks/${TASK}/timeline`)
    const { happenings } = json as { happenings: { operation?: string; outcome?: { status: number } }[] }
    expect(happenings.filter(({ operation }) => operation === 'dynamodb:DeleteTable')).toMatchObject([
      { decision: 'allow', outcome: { status: 200 } },
      { decision: 'allow', outcome: { status: 200 } },
    ])
  })
})

describe('moderato with --admin', () => {
  it('searches', async () => {
    const words = await typed('audit', 'search', '--resource', '*payments*', '--decision', 'deny')
    expect(words).toMatchObject({
      code: 0,
      out: expect.stringContaining(`"${table('payments-3')}" agent=${READER.id}`),
    })
    const { out } = await typed('audit', 'search', '--json')
    const log = scene.proxy.records()
    expect(out.split('\n').slice(0, log.length)).toEqual(log.map((record) => JSON.stringify(record)))
    expect((await typed('audit', 'search', '--class', 'destructve')).code).toBe(2)
  })

  it('tells timelines and shows tasks', async () => {
    const timeline = await typed('audit', 'timeline', TASK)
    expect(timeline.out).toContain(`task "${TASK}" of agent ${BUILDER.id}`)
    expect(timeline.out).toContain(`allow destructive dynamodb:DeleteTable "${table('payments-2')}"`)
    const shown = await typed('sessions', 'show', TASK)
    expect(shown.out).toContain('  ticket "OPS-1"\n')
    expect(await typed('sessions', 'show', 'nope')).toMatchObject({
      code: 1,
      err: expect.stringContaining('no record of task'),
    })
  })
})
