import { DeleteTableCommand, ListTablesCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import {
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  ListBucketsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { describe, expect, it, onTestFinished } from 'vitest'
import { BUILDER, READER, STRANGER } from '../support/agents.ts'
import { dynamodb, s3, thrownBy } from '../support/clients.ts'
import { startProxy, UNHURRIED_PACING, type Proxy, type ProxyOptions } from '../support/proxy.ts'
import { boto3 } from '../support/python.ts'
import { headText, RawConnection, signed } from '../support/raw-http.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'
import { startScene } from '../support/scene.ts'
import { BOTO3, missing } from '../support/tools.ts'
import { expectNextStep, refused } from './denial-check.ts'

const ONCE = { maxAttempts: 1 }

let upstream: RecordingUpstream
let proxy: Proxy

async function start(options: ProxyOptions = {}): Promise<void> {
  ;({ upstream, proxy } = await startScene({ agents: [BUILDER, READER, STRANGER], ...options }))
}

describe('a call that is not to be made', () => {
  it('unclassified: an operation that the catalogue does not know', async () => {
    await start()
    const client = dynamodb(proxy.url)
    client.middlewareStack.add(
      (next) => (args) => {
        const { headers } = args.request as { headers: Record<string, string> }
        headers['x-amz-target'] = 'DynamoDB_20120810.DropEverything'
        return next(args)
      },
      { step: 'build', name: 'newer than the catalogue' },
    )
    const provoke = () => thrownBy(client.send(new ListTablesCommand({})))
    const { result, record } = await refused(proxy, 'unclassified', provoke)
    expect(result).toMatchObject({ name: 'AccessDeniedException', status: 403, attempts: 1 })
    expectNextStep(result, 'unclassified')
    expect(record).toMatchObject({ class: 'unknown', agent: BUILDER.id })
    expect(upstream.arrived).toEqual([])
  })

  it('unmodelled: a change with a parameter that the catalogue lacks', async () => {
    await start({ settings: { policy: { allowUnmodelled: ['dynamodb:DeleteTable:Allowed'] } } })
    const client = (parameter: string) => {
      const made = dynamodb(proxy.url)
      made.middlewareStack.add(
        (next) => (args) => {
          const request = args.request as { body: string; headers: Record<string, string> }
          request.body = JSON.stringify({ ...(JSON.parse(request.body) as object), [parameter]: true })
          request.headers['content-length'] = String(request.body.length)
          return next(args)
        },
        { step: 'build', name: 'newer than the catalogue' },
      )
      return made
    }
    const drop = new DeleteTableCommand({ TableName: 't' })
    const provoke = () => thrownBy(client('Force').send(drop))
    const { result, record } = await refused(proxy, 'unmodelled', provoke)
    expect(result).toMatchObject({ name: 'AccessDeniedException', status: 403, attempts: 1 })
    expectNextStep(result, 'unmodelled')
    expect(record).toMatchObject({
      operation: 'DeleteTable',
      traits: ['irreversible', 'cascade', 'unmodelled'],
    })
    expect(record['facts']).toMatchObject({ unmodelled: ['"Force"'] })
    expect(upstream.arrived).toEqual([])
    await client('Force').send(new ListTablesCommand({}))
    await client('Allowed').send(drop)
    expect(upstream.arrived).toHaveLength(2)
  })

  it('policy_denied: an act outside the grant', async () => {
    await start()
    const put = new PutItemCommand({ TableName: 't', Item: { id: { S: '1' } } })
    const provoke = () => thrownBy(dynamodb(proxy.url, READER).send(put))
    const { result, record } = await refused(proxy, 'policy_denied', provoke)
    expect(result).toMatchObject({ name: 'AccessDeniedException', status: 403, attempts: 1 })
    expectNextStep(result, 'policy_denied')
    expect(record).toMatchObject({ agent: READER.id, operation: 'PutItem', class: 'write' })
    expect(record['policy']).toMatchObject({ rules: expect.arrayContaining([expect.any(String)]) })
    expect(upstream.arrived).toEqual([])
  })

  it.skipIf(missing(BOTO3))('replayed: sent again as it was; boto3 signs anew and gets through', async () => {
    await start()
    // The SDK's own sender sends everything twice, as a network in between could; the client sees the second answer.
    const snippet = `
from botocore.httpsession import URLLib3Session
send = URLLib3Session.send
def twice(self, request):
    if not hasattr(twice, 'done'):
        twice.done = True
        send(self, request)
    return send(self, request)
URLLib3Session.send = twice
result = client('dynamodb').put_item(TableName='t', Item={'id': {'S': '1'}})['ResponseMetadata']['RetryAttempts']`
    const { result, record } = await refused(proxy, 'replayed', () => boto3(proxy.url, snippet), {
      atLeast: true,
    })
    expect(result).toBeGreaterThanOrEqual(1)
    expect(record).toMatchObject({ agent: BUILDER.id, operation: 'PutItem', class: 'write' })
    expect(upstream.recorded).toHaveLength(2)
  })

  it('policy_denied: no grant, no call at all', async () => {
    await start()
    const provoke = () => thrownBy(s3(proxy.url, STRANGER).send(new ListBucketsCommand({})))
    const { result } = await refused(proxy, 'policy_denied', provoke)
    expect(result).toMatchObject({ name: 'AccessDenied', status: 403, attempts: 1 })
  })

  it.skipIf(missing(BOTO3))('policy_denied: in the words of EC2 and of a query service', async () => {
    await start()
    const snippet = `
result = [thrown(client('ec2').create_volume, AvailabilityZone='us-east-1a', Size=1),
          thrown(client('iam').create_user, UserName='u'), thrown(client('lambda').delete_function, FunctionName='f')]`
    const provoke = () => boto3(proxy.url, snippet, READER)
    const { result } = await refused(proxy, 'policy_denied', provoke, { times: 3 })
    expect(result).toMatchObject([
      { code: 'UnauthorizedOperation', status: 403, retries: 0 },
      { code: 'AccessDenied', status: 403, retries: 0 },
      { code: 'AccessDeniedException', status: 403, retries: 0 },
    ])
  })

  it('policy_denied: a put refused by policy costs no upload (raw: to see that no 100 Continue came)', async () => {
    await start()
    const headers = { 'content-length': '10485760', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }
    const call = await signed(
      proxy.url,
      { method: 'PUT', target: '/bucket/key', headers },
      { service: 's3', agent: READER },
    )
    const { result } = await refused(proxy, 'policy_denied', async () => {
      const connection = await RawConnection.open(proxy.url)
      connection.write(headText(call, 'expect: 100-continue'))
      const answer = await connection.until(/<\/Error>/)
      connection.close()
      return answer
    })
    expect(result).toMatch(/^HTTP\/1.1 403 /)
  })

  it('body_too_large: more than is read to know what a call does', async () => {
    await start({ settings: { pacing: UNHURRIED_PACING, limits: { bufferedBodyBytes: 10_000 } } })
    const put = new PutItemCommand({ TableName: 't', Item: { id: { S: 'x'.repeat(20_000) } } })
    const { result } = await refused(proxy, 'body_too_large', () => thrownBy(dynamodb(proxy.url).send(put)))
    expect(result).toMatchObject({ name: 'RequestEntityTooLargeException', status: 413, attempts: 1 })
    expectNextStep(result, 'body_too_large')
    const streamed = new PutObjectCommand({ Bucket: 'bucket', Key: 'k', Body: Buffer.alloc(20_000) })
    expect((await s3(proxy.url).send(streamed)).$metadata.httpStatusCode).toBe(200)
  })

  it('endpoint_refused: a region that does not exist, or that is not configured', async () => {
    proxy = await startProxy({ agents: [BUILDER], settings: { upstream: { regions: ['eu-central-1'] } } })
    onTestFinished(() => proxy.stop())
    for (const region of ['mars-north-1', 'us-east-1']) {
      const client = dynamodb(proxy.url, BUILDER, { region })
      const provoke = () => thrownBy(client.send(new ListTablesCommand({})))
      const { result } = await refused(proxy, 'endpoint_refused', provoke)
      expect(result).toMatchObject({ name: 'AccessDeniedException', status: 403, attempts: 1 })
      expectNextStep(result, 'endpoint_refused')
    }
  })
})

describe('a call over its pace', () => {
  const slow = (classes: Record<string, object>) => ({ settings: { pacing: { classes } } })

  it('paced: its turn comes later than it may be held', async () => {
    await start(slow({ 'data-delete': { rate: '1/min', burst: 1, maxWait: '1s' } }))
    const remove = new DeleteObjectCommand({ Bucket: 'bucket', Key: 'k' })
    await s3(proxy.url).send(remove)
    const { result, record } = await refused(proxy, 'paced', () =>
      thrownBy(s3(proxy.url, BUILDER, ONCE).send(remove)),
    )
    expect(result).toMatchObject({ name: 'SlowDown', status: 503 })
    expectNextStep(result, 'paced')
    expect(record).toMatchObject({ operation: 'DeleteObject', class: 'data-delete', count: 1 })
    expect(upstream.recorded).toHaveLength(1)
  })

  it('pace_exceeds_burst: more things than may ever go at once', async () => {
    await start(slow({ 'data-delete': { rate: '60/min', burst: 49, maxWait: '20s' } }))
    const Objects = Array.from({ length: 50 }, (_, index) => ({ Key: `k${index}` }))
    const remove = new DeleteObjectsCommand({ Bucket: 'bucket', Delete: { Objects } })
    const { result, record } = await refused(proxy, 'pace_exceeds_burst', () =>
      thrownBy(s3(proxy.url).send(remove)),
    )
    expect(result).toMatchObject({ name: 'AccessDenied', status: 403, attempts: 1 })
    expectNextStep(result, 'pace_exceeds_burst')
    expect(record.count).toBe(50)
    expect(upstream.arrived).toEqual([])
  })

  it('dwell: what was not seen before is not destroyed yet; no SDK tries again by itself', async () => {
    await start({ settings: { pacing: { ...UNHURRIED_PACING, dwell: '1h' } } })
    const remove = new DeleteBucketCommand({ Bucket: 'bucket' })
    const { result, record } = await refused(proxy, 'dwell', () => thrownBy(s3(proxy.url).send(remove)))
    expect(result).toMatchObject({ name: 'AccessDenied', status: 403, attempts: 1 })
    expectNextStep(result, 'dwell')
    expect(result.message).toContain('"arn:aws:s3:::bucket" was first seen 0 s ago')
    expect(record).toMatchObject({ operation: 'DeleteBucket', class: 'destructive' })
    expect(upstream.arrived).toEqual([])
  })

  it('queue_full, then client_gone: no more wait than may, and who leaves is never forwarded', async () => {
    const pacing = { classes: { 'data-delete': { rate: '3/min', burst: 1, maxWait: '45s' } } }
    await start({ settings: { pacing, limits: { heldPerAgent: 1 } } })
    const remove = (Key: string) => new DeleteObjectCommand({ Bucket: 'bucket', Key })
    await s3(proxy.url).send(remove('first'))
    const leaving = new AbortController()
    const held = s3(proxy.url).send(remove('held'), { abortSignal: leaving.signal })
    await proxy.metricReaches('moderato_pace_queue_depth', { class: 'data-delete' }, 1)

    const full = () => thrownBy(s3(proxy.url, BUILDER, ONCE).send(remove('third')))
    const { result } = await refused(proxy, 'queue_full', full)
    expect(result).toMatchObject({ name: 'SlowDown', status: 503 })
    expectNextStep(result, 'queue_full')

    const { record } = await refused(proxy, 'client_gone', async () => {
      leaving.abort()
      await expect(held).rejects.toThrow(/abort/i)
    })
    expect(record).toMatchObject({ decision: 'abort', resources: ['arn:aws:s3:::bucket/held'] })
    await proxy.metricReaches('moderato_pace_queue_depth', { class: 'data-delete' }, 0)
    expect(upstream.recorded.map(({ target }) => target.split('?')[0])).toEqual(['/bucket/first'])
  })
})
