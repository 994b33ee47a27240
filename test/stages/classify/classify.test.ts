import { passedStages } from '../../support/facts.ts'
import { NO_OPERATOR_RULES } from '../../../proxy/aws/classify/operator-rules.ts'
import { NO_PRIVATE_SERVICES } from '../../../proxy/aws/private/services.ts'
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { addressing } from '../../../proxy/aws/endpoints/addressing.ts'
import { Denial } from '../../../proxy/core/denial/denial.ts'
import type { Admitted } from '../../../proxy/exchange/exchange.ts'
import type { Payload } from '../../../proxy/sigv4/types.ts'
import { classify } from '../../../proxy/stages/classify/classify.ts'
import { catalogue, dynamodb, ec2, headOf, rest, s3, type Sample } from '../../aws/requests.ts'

const deps = {
  catalogue,
  addressing: addressing({ hosts: [] }),
  operatorRules: () => NO_OPERATOR_RULES,
  privateServices: NO_PRIVATE_SERVICES,
  inflatedBytes: () => 1024,
}
const stage = classify({ ...deps, accountOf: () => '111122223333' })

function hashOf(body: string | Buffer): string {
  return createHash('sha256').update(body).digest('hex')
}

interface Reads {
  bytes: number
  streams: number
}

function verified(
  sample: Sample,
  payload?: Payload,
  region = 'us-east-1',
): { exchange: Admitted; reads: Reads } {
  const reads = { bytes: 0, streams: 0 }
  const bytes = Buffer.from(sample.body ?? '')
  const head = headOf({ ...sample, headers: ['Host', '127.0.0.1', ...(sample.headers ?? [])] })
  const exchange: Admitted = passedStages({
    ...head,
    hadPlus: false,
    requestId: 'r',
    httpVersion: '1.1',
    receivedAtMs: 0,
    body: {
      present: bytes.length > 0,
      lengthBytes: bytes.length,
      isPending: false,
      discard: () => undefined,
      abandon: () => undefined,
      bytes: () => {
        reads.bytes++
        return Promise.resolve(bytes)
      },
      stream: () => {
        reads.streams++
        return Readable.from(bytes)
      },
    },
    client: { address: '127.0.0.1', gone: new AbortController().signal },
    reply: {} as ServerResponse,
    authorization: {
      algorithm: 'AWS4-HMAC-SHA256',
      accessKeyId: 'AKID',
      scope: { date: '20260101', region, service: sample.scope },
      signedHeaders: [],
      signature: '',
      presigned: undefined,
    },
    agent: { id: 'a', root: 'a', accessKeyId: 'AKID', session: undefined },
    sessionToken: undefined,
    reading: head,
    payload: payload ?? { kind: 'declared', sha256: hashOf(bytes) },
    signedAt: '20260101T000000Z',
    bodySignatures: undefined,
  })
  return { exchange, reads }
}

async function refusal(sample: Sample, payload?: Payload): Promise<string | undefined> {
  try {
    await stage(verified(sample, payload).exchange)
    return undefined
  } catch (error) {
    if (error instanceof Denial) return error.reason
    throw error
  }
}

const UNSIGNED: Payload = { kind: 'unsigned' }
const TRAILER: Payload = {
  kind: 'unsigned-trailer',
  decodedLengthBytes: 1,
  trailers: ['x-amz-checksum-crc32'],
}

describe('classify: which bytes go on', () => {
  it('buffers a document and hands on the bytes it read', async () => {
    const { exchange } = verified(dynamodb('DeleteTable', { TableName: 't' }))
    const { call, outgoing } = await stage(exchange)
    expect(call.operation).toBe('DeleteTable')
    expect(outgoing).toEqual({ kind: 'buffered', bytes: Buffer.from('{"TableName":"t"}'), isDocument: true })
  })

  it('streams an S3 upload without reading it', async () => {
    const { exchange, reads } = verified(s3('PUT', '/bucket/key', 'content'))
    expect((await stage(exchange)).outgoing).toEqual({ kind: 'streamed' })
    expect(reads).toEqual({ bytes: 0, streams: 0 })
  })

  it('sends nothing where nothing came', async () => {
    expect((await stage(verified(s3('GET', '/bucket/key')).exchange)).outgoing).toEqual({ kind: 'empty' })
    expect((await stage(verified(s3('PUT', '/bucket/key')).exchange)).outgoing).toEqual({ kind: 'empty' })
  })

  it('hands on a body that the operation does not have, after checking its hash', async () => {
    const { exchange } = verified(rest('lambda', 'DELETE', '/2015-03-31/functions/f', 'x'))
    expect((await stage(exchange)).outgoing).toMatchObject({ kind: 'buffered' })
    const wrong: Payload = { kind: 'declared', sha256: hashOf('y') }
    expect(await refusal(rest('lambda', 'DELETE', '/2015-03-31/functions/f', 'x'), wrong)).toBe(
      'payload_mismatch',
    )
  })

  it('neither reads nor refuses an unknown operation, and gives it the class unknown', async () => {
    const { exchange, reads } = verified(dynamodb('NoSuchOperation', { TableName: 't' }))
    const { call, outgoing } = await stage(exchange)
    expect(call).toMatchObject({
      class: 'unknown',
      classes: ['unknown'],
      operation: null,
      service: 'unknown',
      resources: ['*'],
    })
    expect(outgoing).toEqual({ kind: 'empty' })
    expect(reads.bytes).toBe(0)
  })
})

describe('classify: the declared hash', () => {
  const other: Payload = { kind: 'declared', sha256: hashOf('other') }

  it.each<[string, Sample]>([
    ['a document', dynamodb('DeleteTable', { TableName: 't' })],
    ['a form, before anything is read from it', ec2('Action=TerminateInstances&InstanceId.1=i')],
    ['an empty body', s3('DELETE', '/bucket/key')],
  ])('refuses %s that does not match', async (_, sample) => {
    expect(await refusal(sample, other)).toBe('payload_mismatch')
  })

  it('does not compare again what verification hashed', async () => {
    const hashed: Payload = { kind: 'hashed', sha256: 'compared already' }
    expect(await refusal(ec2('Action=DescribeInstances'), hashed)).toBeUndefined()
  })
})

describe('classify: payloads that are not signed', () => {
  it('takes an unsigned payload for S3 and for models that leave it unsigned', async () => {
    expect(await refusal(s3('PUT', '/bucket/key', 'x'), UNSIGNED)).toBeUndefined()
    expect(
      await refusal(
        {
          ...rest('ebs', 'PUT', '/snapshots/s/blocks/1', 'x'),
          headers: ['x-amz-Data-Length', '1', 'x-amz-Checksum', 'c', 'x-amz-Checksum-Algorithm', 'SHA256'],
        },
        UNSIGNED,
      ),
    ).toBeUndefined()
    expect(await refusal(dynamodb('DeleteTable', { TableName: 't' }), UNSIGNED)).toBe('unsupported_signature')
    expect(await refusal(ec2('Action=DescribeInstances'), UNSIGNED)).toBe('unsupported_signature')
  })

  it('takes a trailer for S3 uploads alone', async () => {
    const chunked = ['content-encoding', 'aws-chunked']
    expect(await refusal(s3('PUT', '/bucket/key', 'x', chunked), TRAILER)).toBeUndefined()
    expect(
      await refusal(s3('PUT', '/bucket/key?partNumber=1&uploadId=u', 'x', chunked), TRAILER),
    ).toBeUndefined()
    expect(await refusal(s3('POST', '/bucket?delete', '<Delete/>', chunked), TRAILER)).toBe(
      'unsupported_signature',
    )
    expect(await refusal(dynamodb('PutItem', {}), TRAILER)).toBe('unsupported_signature')
  })
})

function gzip(sample: Sample): Sample {
  return { ...sample, headers: [...(sample.headers ?? []), 'content-encoding', 'gzip'] }
}

describe('classify: compressed bodies', () => {
  it('refuses what it cannot read', async () => {
    expect(await refusal(gzip(dynamodb('BatchWriteItem', {})))).toBe('malformed_request')
    expect(await refusal(gzip(s3('POST', '/bucket?delete', 'x')))).toBe('malformed_request')
  })

  it('lets an S3 object and metric data be compressed', async () => {
    expect(await refusal(gzip(s3('PUT', '/bucket/key', 'x')))).toBeUndefined()
    const metrics: Sample = {
      scope: 'monitoring',
      headers: ['X-Amz-Target', 'GraniteServiceVersion20100801.PutMetricData'],
      body: gzipSync('{"Namespace":"n","MetricData":[]}'),
    }
    const { call, outgoing } = await stage(verified(gzip(metrics)).exchange)
    expect(call).toMatchObject({ operation: 'PutMetricData', class: 'write' })
    expect(outgoing).toEqual({ kind: 'buffered', bytes: metrics.body, isDocument: true })
  })

  it.each([
    ['what is no gzip', Buffer.from('{}'), 'malformed_request'],
    ['half of it', gzipSync('{}').subarray(0, 12), 'malformed_request'],
    ['more than may be held', gzipSync(`{"Namespace":"${'n'.repeat(2000)}"}`), 'body_too_large'],
  ])('refuses metric data that is %s', async (_what, body, reason) => {
    const headers = ['X-Amz-Target', 'GraniteServiceVersion20100801.PutMetricData']
    expect(await refusal(gzip({ scope: 'monitoring', headers, body }))).toBe(reason)
  })

  it('refuses compression for another call of the same service', async () => {
    const headers = ['X-Amz-Target', 'GraniteServiceVersion20100801.DeleteAlarms']
    const body = gzipSync('{"AlarmNames":["a"]}')
    expect(await refusal(gzip({ scope: 'monitoring', headers, body }))).toBe('malformed_request')
  })
})

describe('classify: where the call goes', () => {
  it('names partition and region of the scope, and * while the account is unknown', async () => {
    const china = await stage(
      verified(dynamodb('DeleteTable', { TableName: 't' }), undefined, 'cn-north-1').exchange,
    )
    expect(china.call.resources).toEqual(['arn:aws-cn:dynamodb:cn-north-1:111122223333:table/t'])
    const anywhere = classify({ ...deps, accountOf: () => undefined })
    const { call } = await anywhere(verified(dynamodb('DeleteTable', { TableName: 't' })).exchange)
    expect(call.resources).toEqual(['arn:aws:dynamodb:us-east-1:*:table/t'])
  })
})
