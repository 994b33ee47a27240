import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateTableCommand, DeleteTableCommand } from '@aws-sdk/client-dynamodb'
import { DeleteBucketCommand } from '@aws-sdk/client-s3'
import { expect, it, onTestFinished } from 'vitest'
import { BUILDER } from '../support/agents.ts'
import { dynamodb, s3, thrownBy } from '../support/clients.ts'
import { moderato } from '../support/moderato.ts'
import { UNHURRIED_PACING, type Proxy } from '../support/proxy.ts'
import { startScene } from '../support/scene.ts'

const SECRET = 'the-key-of-the-hmac-over-what-is-posted'

interface Posted {
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A proxy that posts its alerts, and what it has posted. */
async function start(
  format: 'json' | 'slack',
  settings: Record<string, unknown> = {},
): Promise<{ readonly proxy: Proxy; readonly posted: readonly Posted[] }> {
  const posted: Posted[] = []
  const receiver = createServer((request, reply) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => (posted.push({ headers: request.headers, body }), reply.end()))
  }).listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  const folder = mkdtempSync(join(tmpdir(), 'moderato-alert-'))
  writeFileSync(join(folder, 'secret'), SECRET, { mode: 0o600 })
  onTestFinished(() => {
    receiver.close()
    rmSync(folder, { recursive: true })
  })
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`
  const alerts = { url, secretFile: join(folder, 'secret'), format }
  const { proxy } = await startScene({
    agents: [BUILDER],
    settings: { watch: { alerts }, pacing: UNHURRIED_PACING, ...settings },
  })
  return { proxy, posted }
}

const jsonOf = ({ body }: Posted) => JSON.parse(body) as Record<string, unknown>
const drop = (proxy: Proxy, TableName: string) =>
  dynamodb(proxy.url).send(new DeleteTableCommand({ TableName }))

it('is posted with a signature, and holds words and no secret', async () => {
  const { proxy, posted } = await start('slack')
  await s3(proxy.url)
    .send(new DeleteBucketCommand({ Bucket: '<!channel>' }))
    .catch(() => undefined)
  await drop(proxy, 't')
  await expect.poll(() => posted.length, { timeout: 5_000 }).toBeGreaterThan(0)
  const [first] = posted
  const { text } = JSON.parse(first?.body ?? '{}') as { text: string }
  expect(text).toContain('read-to-destructive')
  expect(text).not.toMatch(/[<>]/)
  const timestamp = first?.headers['x-moderato-timestamp']
  const mac = createHmac('sha256', SECRET)
    .update(`${String(timestamp)}.${first?.body}`)
    .digest('hex')
  expect(first?.headers['x-moderato-signature']).toBe(`v1=${mac}`)
})

it('is one for thirty tables at once, and names them and their number', async () => {
  const { proxy, posted } = await start('json')
  const names = Array.from({ length: 30 }, (_, index) => `table-${index}`)
  await Promise.all(names.map((name) => drop(proxy, name)))
  await expect.poll(() => posted.length, { timeout: 8_000 }).toBeGreaterThan(0)
  const [alert] = posted.map(jsonOf)
  expect(alert).toMatchObject({ kind: 'drift', detector: 'read-to-destructive', findings: 30, update: false })
  for (const name of names) expect(alert?.['things']).toContain(`"dynamodb:us-east-1:table/${name}"`)
  const drifts = () => proxy.records().filter(({ phase }) => phase === 'drift')
  await expect.poll(() => drifts().length).toBe(1)
  expect(drifts()[0]).toMatchObject({ detail: expect.stringMatching(/^30 findings within 1?\d s, about "/) })
  expect(await proxy.metric('moderato_drift_total', { detector: 'read-to-destructive' })).toBe(30)
  // What is left over is told at the end: there is nothing.
  await proxy.stop()
  expect(posted).toHaveLength(1)
}, 20_000)

it('is posted before the process ends, whatever was gathered until then', async () => {
  const { proxy, posted } = await start('json')
  await drop(proxy, 't')
  await proxy.metricReaches('moderato_drift_total', {}, 1)
  proxy.signal('SIGTERM')
  expect(await proxy.ended).toBe(0)
  expect(posted.map(jsonOf)).toMatchObject([{ detector: 'read-to-destructive', findings: 1 }])
  expect(proxy.records().filter(({ phase }) => phase === 'drift')).toHaveLength(1)
})

it('comes of no throttled call, and of no task that destroys its own scratch things', async () => {
  const pacing = { classes: { destructive: { rate: '1/min', burst: 4, maxWait: '0s' } } }
  const { proxy } = await start('json', { pacing })
  const create = new CreateTableCommand({
    TableName: 'scratch',
    KeySchema: [],
    AttributeDefinitions: [],
    BillingMode: 'PAY_PER_REQUEST',
  })
  for (let round = 0; round < 4; round++) {
    await dynamodb(proxy.url).send(create)
    await drop(proxy, 'scratch')
  }
  const throttled = await thrownBy(
    dynamodb(proxy.url, BUILDER, { maxAttempts: 1 }).send(new DeleteTableCommand({ TableName: 'other' })),
  )
  expect(throttled.name).toBe('ThrottlingException')
  expect(await proxy.metric('moderato_drift_total')).toBe(0)
})

it("tells of operators' freezes and quarantines, and of their end, in every format", async () => {
  const { proxy, posted } = await start('json')
  const agent = BUILDER.id
  await moderato(proxy, ['quarantine', 'add', agent, '--reason', 'looks wrong', '--for', '10m'])
  await moderato(proxy, ['quarantine', 'lift', agent])
  const frozen = await moderato(proxy, [
    'freeze',
    '--class',
    'destructive',
    '--reason',
    'incident 7',
    '--json',
  ])
  const { id } = JSON.parse(frozen.out) as { id: string }
  await moderato(proxy, ['freeze', 'lift', id])
  await expect.poll(() => posted.length, { timeout: 5_000 }).toBe(4)
  const by = 'admin-token'
  expect(posted.map(jsonOf)).toEqual([
    expect.objectContaining({ kind: 'quarantine', change: 'made', id: agent, reason: 'looks wrong', by }),
    expect.objectContaining({ kind: 'quarantine', change: 'lifted', id: agent, by }),
    expect.objectContaining({ kind: 'freeze', change: 'made', what: 'class destructive', until: null, by }),
    expect.objectContaining({ kind: 'freeze', change: 'lifted', id, reason: 'incident 7', by }),
  ])
  const slack = await start('slack')
  await moderato(slack.proxy, ['freeze', 'all', '--reason', 'a <b> & c'])
  await expect.poll(() => slack.posted.length, { timeout: 5_000 }).toBe(1)
  const { text } = JSON.parse(slack.posted[0]?.body ?? '{}') as { text: string }
  expect(text).toBe(
    'Moderato: freeze until it is lifted by "admin-token"\nIt stops: "everything"\nReason: "a &lt;b&gt; &amp; c"',
  )
})
