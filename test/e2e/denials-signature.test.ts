import { ListTablesCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { ListBucketsCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { BUILDER } from '../support/agents.ts'
import { dynamodb, s3, thrownBy } from '../support/clients.ts'
import { recordedProxy } from '../support/recorded.ts'
import type { Proxy } from '../support/proxy.ts'
import { boto3 } from '../support/python.ts'
import { headText, RawConnection, send, signed } from '../support/raw-http.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'
import { openScene } from '../support/scene.ts'
import { BOTO3, missing } from '../support/tools.ts'
import { expectNextStep, refused } from './denial-check.ts'

interface Meddled {
  headers: Record<string, string>
  body?: unknown
}

/** The part that all SDK clients share; their own types of it differ by service. */
interface Client {
  readonly middlewareStack: { add(middleware: never, options: never): void }
}

/** Changes the request after the SDK signed it, as a meddler between SDK and proxy would. */
function afterSigning<Some extends Client>(client: Some, change: (request: Meddled) => void): Some {
  const meddler = (next: (args: unknown) => unknown) => (args: { request: Meddled }) => {
    change(args.request)
    return next(args)
  }
  const options = { step: 'finalizeRequest', priority: 'low', name: 'meddler' }
  client.middlewareStack.add(meddler as never, options as never)
  return client
}

describe('a request whose signature does not stand', () => {
  let upstream: RecordingUpstream
  let proxy: Proxy
  beforeAll(async () => {
    const scene = await openScene()
    ;({ upstream, proxy } = scene)
    return async () => {
      await scene.stop()
      expect(upstream.arrived).toEqual([])
    }
  })

  const list = (client: DynamoDBClient) => thrownBy(client.send(new ListTablesCommand({})))

  it('missing_credential: without a signature', async () => {
    const client = dynamodb(proxy.url, BUILDER, { signer: { sign: (request) => Promise.resolve(request) } })
    const { result } = await refused(proxy, 'missing_credential', () => list(client), { signature: true })
    expect(result).toMatchObject({ name: 'MissingAuthenticationTokenException', status: 403 })
    expectNextStep(result, 'missing_credential')
  })

  it('malformed_authorization: with half an Authorization header', async () => {
    const client = afterSigning(dynamodb(proxy.url), ({ headers }) => {
      headers['authorization'] = headers['authorization']?.replace(/, Signature=.*/, '') ?? ''
    })
    const { result } = await refused(proxy, 'malformed_authorization', () => list(client), {
      signature: true,
    })
    expect(result).toMatchObject({ name: 'IncompleteSignatureException', status: 400 })
    expectNextStep(result, 'malformed_authorization')
  })

  it.skipIf(missing(BOTO3))('unsupported_signature: signed with version 2', async () => {
    const call = `result = thrown(client('s3', signature_version='s3').list_buckets)`
    const { result } = await refused(proxy, 'unsupported_signature', () => boto3(proxy.url, call), {
      signature: true,
    })
    expect(result).toMatchObject({ code: 'AccessDenied', status: 403, retries: 0 })
    expectNextStep(result as { message: string }, 'unsupported_signature')
  })

  it.skipIf(missing(BOTO3))('expired_signature: a presigned URL whose time is over, fetched', async () => {
    const make = [
      'import datetime, botocore.auth',
      'now = datetime.datetime.now(datetime.timezone.utc)',
      'botocore.auth.get_current_datetime = lambda *_: now - datetime.timedelta(hours=1)',
      `result = client('s3', signature_version='s3v4').generate_presigned_url('get_object', Params={'Bucket': 'b', 'Key': 'k'}, ExpiresIn=60)`,
    ].join('\n')
    const url = String(await boto3(proxy.url, make))
    const { result } = await refused(proxy, 'expired_signature', () => fetch(url), { signature: true })
    expect(result.status).toBe(403)
    const text = await result.text()
    expect(text).toContain('<Code>AccessDenied</Code>')
    expectNextStep({ message: text }, 'expired_signature')
  })

  it('missing_credential: from S3 without a signature, in the words of S3', async () => {
    const client = s3(proxy.url, BUILDER, { signer: { sign: (request) => Promise.resolve(request) } })
    const provoke = () => thrownBy(client.send(new ListBucketsCommand({})))
    const { result } = await refused(proxy, 'missing_credential', provoke, { signature: true })
    expect(result).toMatchObject({ name: 'AccessDenied', status: 403 })
    expectNextStep(result, 'missing_credential')
  })

  it('unknown_credential: with a key that nobody has', async () => {
    const client = s3(proxy.url, { ...BUILDER, accessKeyId: 'AKIANOBODY' })
    const provoke = () => thrownBy(client.send(new ListBucketsCommand({})))
    const { result, record } = await refused(proxy, 'unknown_credential', provoke, { signature: true })
    expect(result).toMatchObject({ name: 'InvalidAccessKeyId', status: 403 })
    expectNextStep(result, 'unknown_credential')
    expect(record.agent).toBeUndefined()
  })

  it('clock_skew: signed an hour ago', async () => {
    const call = await signed(
      proxy.url,
      { method: 'GET', target: '/', headers: {} },
      { service: 's3', signedAt: new Date(Date.now() - 3_600_000) },
    )
    const { result } = await refused(proxy, 'clock_skew', () => send(proxy.url, call), { signature: true })
    expect(result.status).toBe(403)
    expect(result.body.toString()).toContain('<Code>RequestTimeTooSkewed</Code>')
  })

  it('clock_skew: an SDK whose clock is off learns the time from the refusal, and is served', async () => {
    const provoke = async () => {
      // This process alone lives an hour ahead of the proxy.
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 })
      try {
        return await dynamodb(proxy.url).send(new ListTablesCommand({}))
      } finally {
        vi.useRealTimers()
      }
    }
    const { result } = await refused(proxy, 'clock_skew', provoke, { signature: true })
    expect(result.$metadata).toMatchObject({ httpStatusCode: 200, attempts: 2 })
    upstream.arrived.length = 0
  })

  it('unsigned_header: with a header put in after signing', async () => {
    const client = afterSigning(s3(proxy.url), ({ headers }) => {
      headers['x-amz-acl'] = 'public-read'
    })
    const put = new PutObjectCommand({ Bucket: 'bucket', Key: 'k', Body: 'x' })
    const provoke = () => thrownBy(client.send(put))
    const { result } = await refused(proxy, 'unsigned_header', provoke, { signature: true })
    expect(result).toMatchObject({ name: 'SignatureDoesNotMatch', status: 403 })
    expectNextStep(result, 'unsigned_header')
  })

  it('bad_signature: signed with another secret', async () => {
    const client = dynamodb(proxy.url, { ...BUILDER, secretAccessKey: 'another-secret' })
    const { result, record } = await refused(proxy, 'bad_signature', () => list(client), { signature: true })
    expect(result).toMatchObject({ name: 'InvalidSignatureException', status: 403 })
    expectNextStep(result, 'bad_signature')
    expect(record.agent).toBeUndefined()
  })

  it('bad_signature: with a signed header changed after signing', async () => {
    const client = afterSigning(dynamodb(proxy.url), ({ headers }) => {
      headers['x-amz-target'] = 'DynamoDB_20120810.ListBackups'
    })
    const { result } = await refused(proxy, 'bad_signature', () => list(client), { signature: true })
    expect(result.name).toBe('InvalidSignatureException')
  })

  it('payload_mismatch: with a small body changed after signing', async () => {
    const client = afterSigning(dynamodb(proxy.url), (request) => {
      request.body = Buffer.from(request.body as Uint8Array).fill(' ', 0, 1)
    })
    const { result } = await refused(proxy, 'payload_mismatch', () => list(client), { signature: true })
    expect(result).toMatchObject({ name: 'InvalidSignatureException', status: 400 })
    expectNextStep(result, 'payload_mismatch')
  })

  it('unsupported_signature: signed for an event stream, to S3 (raw: no SDK sends it)', async () => {
    const headers = { 'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-EVENTS', 'content-length': '0' }
    const call = await signed(proxy.url, { method: 'PUT', target: '/bucket/key', headers }, { service: 's3' })
    const { result } = await refused(proxy, 'unsupported_signature', () => send(proxy.url, call), {
      signature: true,
    })
    expect(result.status).toBe(403)
  })

  it('malformed_request: with a field that came twice (raw: no SDK sends it)', async () => {
    const call = await signed(proxy.url, { method: 'GET', target: '/', headers: {} }, { service: 's3' })
    const provoke = async (): Promise<string> => {
      const connection = await RawConnection.open(proxy.url)
      connection.write(headText(call, 'content-type: a/b', 'content-type: c/d'))
      const answer = await connection.until(/<\/Error>/)
      connection.close()
      return answer
    }
    const { result } = await refused(proxy, 'malformed_request', provoke)
    expect(result).toMatch(/^HTTP\/1.1 400 /)
  })
})

describe('a body that is not the one signed', () => {
  const running = recordedProxy()

  it('payload_mismatch: the SDK shows it, and the upstream never has the whole of it', async () => {
    const body = Buffer.alloc(300_000, 'a')
    const meddled = Buffer.from(body)
    meddled[299_999] = 98
    const client = afterSigning(s3(running.proxy.url), (request) => {
      request.body = meddled
    })
    const put = new PutObjectCommand({ Bucket: 'bucket', Key: 'k', Body: body })
    const provoke = () => thrownBy(client.send(put))
    const { result } = await refused(running.proxy, 'payload_mismatch', provoke, { signature: true })
    expect(result).toMatchObject({ name: 'XAmzContentSHA256Mismatch', status: 400 })
    expectNextStep(result, 'payload_mismatch')
    expect(running.upstream.recorded).toEqual([])
  })
})
