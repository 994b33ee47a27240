import { CreateTableCommand, DeleteTableCommand, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb'
import { DeleteBucketCommand, DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, it, onTestFinished } from 'vitest'
import { BUILDER } from '../support/agents.ts'
import { ALICE, approvalIn, approvals, BOB, PEOPLE } from '../support/approvers.ts'
import { dynamodb, s3, thrownBy } from '../support/clients.ts'
import type { Proxy } from '../support/proxy.ts'
import { boto3 } from '../support/python.ts'
import { RecordingUpstream } from '../support/recording-upstream.ts'
import { startScene } from '../support/scene.ts'
import { BOTO3, missing } from '../support/tools.ts'
import { expectNextStep, refused } from './denial-check.ts'

const DESTRUCTIVE = { classes: ['destructive', 'data-delete'] }

let upstream: RecordingUpstream
let proxy: Proxy

async function start(
  rules: readonly object[] = [DESTRUCTIVE],
  settings: Readonly<Record<string, unknown>> = {},
  agent: object = {},
): Promise<void> {
  ;({ upstream, proxy } = await startScene({
    agents: [{ ...BUILDER, ...agent }],
    settings: { admin: { people: PEOPLE }, policy: { approvals: rules }, ...settings },
  }))
}

const DROP = new DeleteTableCommand({ TableName: 'orders' })

describe('a call that people must approve', () => {
  it('approval_required: is refused with an id, approved by a person, and made once and only once', async () => {
    await start()
    const client = dynamodb(proxy.url)
    const drop = () => thrownBy(client.send(DROP))
    const { result, record } = await refused(proxy, 'approval_required', drop)
    expect(result).toMatchObject({ name: 'AccessDeniedException', status: 403, attempts: 1 })
    expectNextStep(result, 'approval_required')
    expect(result.message).toContain('One person must approve destructive on arn:aws:dynamodb:us-east-1:')
    expect(result.message).toContain(`People decide at ${proxy.adminUrl}/#`)
    const id = approvalIn(result.message)
    expect(record).toMatchObject({ approval: id, operation: 'DeleteTable' })
    expect(await proxy.metric('moderato_approvals_pending')).toBe(1)
    // Asked for again, it is the same one.
    expect(approvalIn((await drop()).message)).toBe(id)
    expect(upstream.arrived).toEqual([])

    expect(await approvals(proxy, ALICE, 'list')).toContain(id)
    const facts = await approvals(proxy, ALICE, 'show', id)
    expect(facts).toMatch(/can be undone +NO/)
    expect(facts).toContain('dynamodb:DeleteTable')
    expect(await approvals(proxy, ALICE, 'approve', id, '--reason', 'Planned.')).toContain(`${id}: approved`)

    await client.send(DROP)
    expect(upstream.arrived).toHaveLength(1)
    const again = await drop()
    expect(approvalIn(again.message)).not.toBe(id)
    expect(upstream.arrived).toHaveLength(1)

    const made = await proxy.record(({ phase, decision }) => phase === 'decision' && decision === 'allow')
    expect(made).toMatchObject({ approval: id, operation: 'DeleteTable' })
    const told = () => proxy.records().filter(({ phase }) => phase === 'approval')
    await expect.poll(() => told().length).toBe(3)
    expect(told()).toMatchObject([
      { approval: id, decision: 'asked', agent: BUILDER.id },
      { approval: id, decision: 'approve', admin: { subject: ALICE.id, by: 'token' }, detail: 'Planned.' },
      { decision: 'asked' },
    ])
    expect(
      await proxy.metric('moderato_approval_decisions_total', { decision: 'approve', channel: 'token' }),
    ).toBe(1)
    expect(await proxy.metric('moderato_approvals_pending')).toBe(1)
  })

  it('goes as often as it was approved for, at once and from several clients, and no more', async () => {
    await start()
    const id = approvalIn((await thrownBy(dynamodb(proxy.url).send(DROP))).message)
    await approvals(proxy, ALICE, 'approve', id, '--uses', '3')
    const calls = Array.from({ length: 8 }, () => dynamodb(proxy.url, BUILDER, { maxAttempts: 1 }).send(DROP))
    const ended = await Promise.allSettled(calls)
    expect(ended.filter(({ status }) => status === 'fulfilled')).toHaveLength(3)
    expect(upstream.arrived).toHaveLength(3)
  })

  it('S17: is approved byte for byte: another table, key or bucket needs an approval of its own', async () => {
    await start()
    const id = approvalIn((await thrownBy(dynamodb(proxy.url).send(DROP))).message)
    await approvals(proxy, ALICE, 'approve', id)
    const other = await thrownBy(dynamodb(proxy.url).send(new DeleteTableCommand({ TableName: 'users' })))
    expect(approvalIn(other.message)).not.toBe(id)
    const elsewhere = await thrownBy(dynamodb(proxy.url, BUILDER, { region: 'eu-west-1' }).send(DROP))
    expect(approvalIn(elsewhere.message)).not.toBe(id)
    expect(upstream.arrived).toEqual([])
    const object = new DeleteObjectCommand({ Bucket: 'data', Key: 'a b', VersionId: 'v1' })
    const first = approvalIn((await thrownBy(s3(proxy.url).send(object))).message)
    await approvals(proxy, ALICE, 'approve', first)
    await thrownBy(
      s3(proxy.url).send(new DeleteObjectCommand({ Bucket: 'data', Key: 'a b', VersionId: 'v2' })),
    )
    await thrownBy(s3(proxy.url).send(new DeleteBucketCommand({ Bucket: 'data' })))
    expect(upstream.arrived).toEqual([])
    await s3(proxy.url).send(object)
    expect(upstream.arrived).toHaveLength(1)
  })

  it('is the same call though its SDK makes a new idempotency token each time', async () => {
    await start([{ classes: ['write', 'data-delete'] }])
    const write = () =>
      dynamodb(proxy.url).send(
        new TransactWriteItemsCommand({
          TransactItems: [{ Delete: { TableName: 't', Key: { id: { S: '1' } } } }],
        }),
      )
    const id = approvalIn((await thrownBy(write())).message)
    await approvals(proxy, ALICE, 'approve', id)
    await write()
    expect(upstream.arrived).toHaveLength(1)
  })

  it('S18: takes two people where two are asked for, neither the owner nor one of them twice', async () => {
    await start([{ ...DESTRUCTIVE, approvers: 2 }])
    const drop = () => thrownBy(dynamodb(proxy.url).send(DROP))
    const id = approvalIn((await drop()).message)
    await approvals(proxy, ALICE, 'approve', id)
    await expect(approvals(proxy, ALICE, 'approve', id)).rejects.toThrow('a second person must')
    expect((await drop()).message).toContain('it needs two people, one has approved')
    await approvals(proxy, BOB, 'approve', id)
    await dynamodb(proxy.url).send(DROP)
    await proxy.stop()
    await upstream.stop()
    await start([DESTRUCTIVE], {}, { owner: ALICE.id })
    const own = approvalIn((await drop()).message)
    await expect(approvals(proxy, ALICE, 'approve', own)).rejects.toThrow('another person must')
    await approvals(proxy, BOB, 'approve', own)
    await dynamodb(proxy.url).send(DROP)
  })

  it('approval_denied: is told who denied it and why', async () => {
    await start()
    const drop = () => thrownBy(dynamodb(proxy.url).send(DROP))
    const id = approvalIn((await drop()).message)
    await approvals(proxy, ALICE, 'deny', id, '--reason', 'Orders are live.')
    const { result, record } = await refused(proxy, 'approval_denied', drop)
    expect(result).toMatchObject({ name: 'AccessDeniedException', status: 403, attempts: 1 })
    expectNextStep(result, 'approval_denied')
    expect(result.message).toContain(`alice@example.org refused approval ${id} and said "Orders are live."`)
    expect(record).toMatchObject({ approval: id })
    expect(upstream.arrived).toEqual([])
  })

  it('approvals_full: is refused where too many of its agent wait', async () => {
    await start([DESTRUCTIVE], { approvals: { pendingPerAgent: 1 } })
    await thrownBy(dynamodb(proxy.url).send(DROP))
    const provoke = () => thrownBy(dynamodb(proxy.url).send(new DeleteTableCommand({ TableName: 'users' })))
    const { result } = await refused(proxy, 'approvals_full', provoke)
    expect(result).toMatchObject({ name: 'AccessDeniedException', status: 403, attempts: 1 })
    expectNextStep(result, 'approvals_full')
  })

  it('unapprovable: is refused where its content is not known before it is sent', async () => {
    await start([{ classes: ['write'] }])
    const client = s3(proxy.url, BUILDER, { requestChecksumCalculation: 'WHEN_SUPPORTED' })
    const put = () =>
      client.send(
        new PutObjectCommand({
          Bucket: 'data',
          Key: 'k',
          Body: Readable.from([Buffer.from('stream')]),
          ContentLength: 6,
        }),
      )
    const { result } = await refused(proxy, 'unapprovable', () => thrownBy(put()))
    expect(result).toMatchObject({ name: 'AccessDenied', status: 403 })
    expectNextStep(result, 'unapprovable')
    expect(upstream.arrived).toEqual([])
  })

  it('waits for its approval where the configuration says so', async () => {
    const pacing = { classes: { destructive: { rate: '1000/s', burst: 1000, maxWait: '20s' } } }
    await start([DESTRUCTIVE], { approvals: { hold: true }, pacing })
    const made = dynamodb(proxy.url).send(DROP)
    const asked = await proxy.record(({ phase, decision }) => phase === 'approval' && decision === 'asked')
    expect(upstream.arrived).toEqual([])
    await approvals(proxy, ALICE, 'approve', String(asked['approval']))
    await made
    expect(upstream.arrived).toHaveLength(1)
  })

  it('is still paced, unless who approved it said otherwise', async () => {
    const pacing = { classes: { destructive: { rate: '1/h', burst: 1, maxWait: '0s' } } }
    await start([DESTRUCTIVE], { pacing })
    const client = dynamodb(proxy.url, BUILDER, { maxAttempts: 1 })
    const id = approvalIn((await thrownBy(client.send(DROP))).message)
    await approvals(proxy, ALICE, 'approve', id, '--uses', '2')
    await client.send(DROP)
    expect((await thrownBy(client.send(DROP))).name).toBe('ThrottlingException')
    await approvals(proxy, ALICE, 'deny', id)
    const users = new DeleteTableCommand({ TableName: 'users' })
    await approvals(
      proxy,
      ALICE,
      'approve',
      approvalIn((await thrownBy(client.send(users))).message),
      '--skip-pace',
    )
    await client.send(users)
    expect(upstream.arrived).toHaveLength(2)
  })

  it('S4: is refused when its approval is taken back while it waits for its turn', async () => {
    const pacing = { classes: { destructive: { rate: '4/min', burst: 1, maxWait: '45s' } } }
    await start([DESTRUCTIVE], { pacing })
    const client = dynamodb(proxy.url, BUILDER, { maxAttempts: 1 })
    const id = approvalIn((await thrownBy(client.send(DROP))).message)
    await approvals(proxy, ALICE, 'approve', id, '--uses', '2')
    await client.send(DROP)
    const held = thrownBy(client.send(DROP))
    await proxy.metricReaches('moderato_pace_queue_depth', { class: 'destructive' }, 1)
    await approvals(proxy, BOB, 'deny', id, '--reason', 'Stop.')
    expect((await held).message).toContain(`bob@example.org refused approval ${id} and said "Stop."`)
    expect(upstream.arrived).toHaveLength(1)
  })

  it('is only marked in observe mode', async () => {
    await start([DESTRUCTIVE], { policy: { mode: 'observe', approvals: [DESTRUCTIVE] } })
    await dynamodb(proxy.url).send(DROP)
    const record = await proxy.record(({ phase }) => phase === 'decision')
    expect(record).toMatchObject({ decision: 'allow', wouldDeny: 'approval_required' })
    expect(proxy.records().some(({ phase }) => phase === 'approval')).toBe(false)
  })

  it('needs nobody where no rule speaks of it', async () => {
    await start([{ ...DESTRUCTIVE, resources: ['arn:aws:dynamodb:*:*:table/prod-*'] }])
    const table = {
      TableName: 'test',
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' as const }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' as const }],
    }
    await dynamodb(proxy.url).send(new CreateTableCommand({ ...table, BillingMode: 'PAY_PER_REQUEST' }))
    await dynamodb(proxy.url).send(DROP)
    expect(upstream.arrived).toHaveLength(2)
    await thrownBy(dynamodb(proxy.url).send(new DeleteTableCommand({ TableName: 'prod-orders' })))
    expect(upstream.arrived).toHaveLength(2)
  })

  it.each(['json', 'slack'] as const)(
    'is told elsewhere by a signed %s message, and waits for nobody there',
    async (format) => {
      const secret = 'webhook-secret-of-at-least-32-characters'
      const folder = mkdtempSync(join(tmpdir(), 'moderato-webhook-'))
      onTestFinished(() => rmSync(folder, { recursive: true }))
      const secretFile = join(folder, 'secret')
      writeFileSync(secretFile, secret, { mode: 0o600 })
      const people = await RecordingUpstream.start((_, reply) => reply.end())
      onTestFinished(() => people.stop())
      await start([DESTRUCTIVE], {
        approvals: { webhook: { url: `${people.url}/hook`, secretFile, format } },
      })
      const id = approvalIn((await thrownBy(dynamodb(proxy.url).send(DROP))).message)
      await expect.poll(() => people.recorded.length).toBe(1)
      const { headers, body } = people.recorded[0] ?? expect.fail('nothing came')
      expect(body.toString()).toContain(`${proxy.adminUrl}/#${id}`)
      const mac = createHmac('sha256', secret)
        .update(`${String(headers['x-moderato-timestamp'])}.`)
        .update(body)
      expect(headers['x-moderato-signature']).toBe(`v1=${mac.digest('hex')}`)
    },
  )

  it('is decided by a signed callback of whoever the configuration trusts', async () => {
    const secret = 'callback-secret-of-at-least-32-characters'
    const folder = mkdtempSync(join(tmpdir(), 'moderato-callback-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'secret')
    writeFileSync(file, secret, { mode: 0o600 })
    await start([DESTRUCTIVE], { approvals: { callback: { secretFile: file } } })
    const id = approvalIn((await thrownBy(dynamodb(proxy.url).send(DROP))).message)
    const { digest } = JSON.parse(await approvals(proxy, ALICE, 'show', id, '--json')) as { digest: string }
    const timestamp = Math.floor(Date.now() / 1000)
    const text = JSON.stringify({
      timestamp,
      nonce: 'nonce-0123456789',
      id,
      digest,
      decision: 'approve',
      person: BOB.id,
    })
    const mac = createHmac('sha256', secret).update(text).digest('hex')
    const send = () =>
      fetch(`${proxy.adminUrl}/v1/approvals/callback`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-moderato-signature': `v1=${mac}` },
        body: text,
      })
    expect((await send()).status).toBe(200)
    expect((await send()).status).toBe(409)
    await dynamodb(proxy.url).send(DROP)
    expect(upstream.arrived).toHaveLength(1)
  })
})

describe.skipIf(missing(BOTO3))('boto3', () => {
  it('sees the id, and makes the same call once it is approved', async () => {
    await start()
    const thrown = await boto3(proxy.url, "result = thrown(client('ecs').delete_cluster, cluster='c')")
    expect(thrown).toMatchObject({ code: 'AccessDeniedException', status: 403, retries: 0 })
    await approvals(proxy, ALICE, 'approve', approvalIn((thrown as { message: string }).message))
    await boto3(proxy.url, "result = client('ecs').delete_cluster(cluster='c')")
    expect(upstream.arrived).toHaveLength(1)
  })
})
