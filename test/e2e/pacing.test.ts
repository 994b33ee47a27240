import { DeleteTableCommand } from '@aws-sdk/client-dynamodb'
import { DeleteObjectCommand, DeleteObjectsCommand, GetObjectCommand } from '@aws-sdk/client-s3'
import { describe, expect, it, vi } from 'vitest'
import { BUILDER } from '../support/agents.ts'
import { dynamodb, s3, thrownBy } from '../support/clients.ts'
import type { Proxy } from '../support/proxy.ts'
import { dynamodbCall, send, signed } from '../support/raw-http.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'
import { startScene } from '../support/scene.ts'

const OTHER = { ...BUILDER, id: 'spiffe://example.org/agent/other', accessKeyId: 'AKIDOTHER' }
const ONCE = { maxAttempts: 1 }

const json = (service: string, target: string, input: object) => ({
  service,
  request: {
    method: 'POST',
    target: '/',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target },
    body: JSON.stringify(input),
  },
})
const form = (service: string, fields: Record<string, string>) => ({
  service,
  request: {
    method: 'POST',
    target: '/',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(fields).toString(),
  },
})

/** One deletion in each of eight services. */
const DESTRUCTIVE = [
  json('dynamodb', 'DynamoDB_20120810.DeleteTable', { TableName: 't' }),
  json('logs', 'Logs_20140328.DeleteLogGroup', { logGroupName: 'g' }),
  json('ecs', 'AmazonEC2ContainerServiceV20141113.DeleteCluster', { cluster: 'c' }),
  json('kinesis', 'Kinesis_20131202.DeleteStream', { StreamName: 's' }),
  form('ec2', { Action: 'DeleteVpc', Version: '2016-11-15', VpcId: 'vpc-1' }),
  form('rds', { Action: 'DeleteDBInstance', Version: '2014-10-31', DBInstanceIdentifier: 'd' }),
  form('elasticloadbalancing', { Action: 'DeleteLoadBalancer', Version: '2015-12-01', LoadBalancerArn: 'l' }),
  { service: 's3', request: { method: 'DELETE', target: '/bucket', headers: {} } },
]

let upstream: RecordingUpstream
let proxy: Proxy

async function start(classes: Record<string, object>): Promise<void> {
  ;({ upstream, proxy } = await startScene({
    agents: [BUILDER, OTHER],
    settings: { pacing: { classes } },
  }))
}

const deleteTable = async (name: string, agent = BUILDER) =>
  send(proxy.url, await dynamodbCall(proxy.url, 'DeleteTable', { TableName: name }, agent))

describe('pace', () => {
  it('lets a burst of DeleteTable go one after another, and says how long each was held', async () => {
    await start({ destructive: { rate: '10/s', burst: 2, maxWait: '20s' } })
    const answers = await Promise.all(Array.from({ length: 6 }, (_, index) => deleteTable(`t${index}`)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200])
    const waits = answers
      .map(({ headers }) => Number(headers['x-moderato-waited-ms']))
      .toSorted((a, b) => a - b)
    expect(waits.slice(0, 2)).toEqual([0, 0])
    expect(waits.slice(2).every((each) => each > 0)).toBe(true)
    expect(await proxy.metric('moderato_pace_wait_seconds_count', { class: 'destructive' })).toBe(6)
    const record = await proxy.decision(String(answers[5]?.headers['x-moderato-request-id']))
    expect(record['waitedMs']).toBe(Number(answers[5]?.headers['x-moderato-waited-ms']))
  })

  it('serves held calls in the order in which they came', async () => {
    await start({ destructive: { rate: '4/s', burst: 1, maxWait: '20s' } })
    const names = ['a', 'b', 'c', 'd']
    const answers = []
    for (const [index, name] of names.entries()) {
      answers.push(deleteTable(name))
      // It is in the queue, or the queue has moved on already: either way the next one comes after it.
      await vi.waitFor(
        async () => {
          const held = await proxy.metric('moderato_pace_queue_depth', { class: 'destructive' })
          expect(held + upstream.arrived.length).toBe(index + 1)
        },
        { timeout: 15_000 },
      )
    }
    await Promise.all(answers)
    expect(upstream.recorded.map(({ body }) => JSON.parse(body.toString()).TableName)).toEqual(names)
  })

  it('has a pace for each agent, and none for reads', async () => {
    await start({ destructive: { rate: '1/min', burst: 1, maxWait: '0s' } })
    expect((await deleteTable('a')).status).toBe(200)
    expect((await deleteTable('b')).status).toBe(400)
    expect((await deleteTable('b', OTHER)).status).toBe(200)
    const read = await s3(proxy.url).send(new GetObjectCommand({ Bucket: 'bucket', Key: 'k' }))
    expect(read.$metadata.httpStatusCode).toBe(200)
  })

  it('does not care over how many services and regions an agent spreads', async () => {
    await start({ destructive: { rate: '1/min', burst: 1, maxWait: '0s' } })
    expect((await deleteTable('a')).status).toBe(200)
    const elsewhere = dynamodb(proxy.url, BUILDER, { region: 'eu-west-1', ...ONCE })
    const thrown = await thrownBy(elsewhere.send(new DeleteTableCommand({ TableName: 'b' })))
    expect(thrown.name).toBe('ThrottlingException')
  })

  it('with its defaults lets two of a destructive burst over eight services through at once (rule S1)', async () => {
    ;({ upstream, proxy } = await startScene({ settings: { pacing: {} } }))
    const calls = await Promise.all(
      DESTRUCTIVE.map(({ request, service }) => signed(proxy.url, request, { service })),
    )
    const leaving = new AbortController()
    const answers = Promise.allSettled(calls.map((call) => send(proxy.url, call, leaving.signal)))
    // At 6 a minute two more may be held for up to 20 s; the rest is told to come back.
    await proxy.metricReaches('moderato_denials_total', { reason: 'paced' }, DESTRUCTIVE.length - 4)
    expect(await proxy.metric('moderato_pace_queue_depth', { class: 'destructive' })).toBe(2)
    await proxy.metricReaches('moderato_requests_total', { decision: 'allow' }, 2)
    expect(upstream.recorded).toHaveLength(2)
    leaving.abort()
    await answers
  })

  it('charges a batch of 50 deletes with 50', async () => {
    await start({ 'data-delete': { rate: '1/min', burst: 100, maxWait: '0s' } })
    const client = s3(proxy.url, BUILDER, ONCE)
    const Objects = Array.from({ length: 50 }, (_, index) => ({ Key: `k${index}` }))
    const batch = () => client.send(new DeleteObjectsCommand({ Bucket: 'bucket', Delete: { Objects } }))
    upstream.answer = (_, reply) => void reply.end('<DeleteResult/>')
    await batch()
    await batch()
    const one = await thrownBy(client.send(new DeleteObjectCommand({ Bucket: 'bucket', Key: 'k' })))
    expect(one).toMatchObject({ name: 'SlowDown', status: 503 })
    expect(await proxy.record(({ operation }) => operation === 'DeleteObjects')).toMatchObject({ count: 50 })
    expect(upstream.recorded).toHaveLength(2)
  })

  it('throttles so that the SDK waits and tries again by itself', async () => {
    await start({ 'data-delete': { rate: '2/s', burst: 1, maxWait: '0s' } })
    const remove = new DeleteObjectCommand({ Bucket: 'bucket', Key: 'k' })
    await s3(proxy.url).send(remove)
    const second = await s3(proxy.url, BUILDER, { maxAttempts: 10 }).send(remove)
    const attempts = second.$metadata.attempts ?? 0
    expect(attempts).toBeGreaterThan(1)
    await proxy.metricReaches('moderato_denials_total', { reason: 'paced' }, attempts - 1)
    expect(upstream.recorded).toHaveLength(2)
  })

  it('names the time to come back in the headers that SDKs read', async () => {
    await start({ destructive: { rate: '1/min', burst: 1, maxWait: '0s' } })
    await deleteTable('a')
    const { headers, body } = await deleteTable('b')
    expect(headers['x-moderato-decision']).toBe('throttle')
    expect(Number(headers['retry-after'])).toBeGreaterThan(50)
    expect(Number(headers['x-amz-retry-after'])).toBeGreaterThan(50_000)
    expect(body.toString()).toContain('class destructive is 1/min, at most 1 at once')
  })

  it('in observe mode holds nothing back, and says what it would have done', async () => {
    const pacing = { classes: { destructive: { rate: '1/min', burst: 1, maxWait: '0s' } } }
    ;({ upstream, proxy } = await startScene({ settings: { pacing, policy: { mode: 'observe' } } }))
    expect((await deleteTable('a')).headers['x-moderato-would']).toBeUndefined()
    const { status, headers } = await deleteTable('b')
    expect([status, headers['x-moderato-mode'], headers['x-moderato-would']]).toEqual([
      200,
      'observe',
      'paced; rules=destructive',
    ])
  })
})
