/** Requests that two readers could read in two ways, each well signed: none of them reaches the upstream. */
import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Proxy } from '../support/proxy.ts'
import { headText, RawConnection, signed, type RawRequest, type Signing } from '../support/raw-http.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'
import { openScene } from '../support/scene.ts'

const JSON_TYPE = { 'content-type': 'application/x-amz-json-1.0' }
const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' }
const LIST = { ...JSON_TYPE, 'x-amz-target': 'DynamoDB_20120810.ListTables' }

describe('one reading of a request', () => {
  let upstream: RecordingUpstream
  let proxy: Proxy

  beforeAll(async () => {
    const scene = await openScene({ settings: { limits: { bufferedBodyBytes: 100_000 } } })
    ;({ upstream, proxy } = scene)
    return scene.stop
  })

  /** The reason for which it is refused; `change` is made to the head as text, after signing. */
  async function reasonOf(
    request: RawRequest,
    signing: Signing,
    change = (head: string) => head,
  ): Promise<string> {
    const body = Buffer.from(request.body ?? '')
    const headers =
      body.length === 0 ? request.headers : { ...request.headers, 'content-length': String(body.length) }
    const { body: _body, ...head } = await signed(proxy.url, { ...request, headers, body }, signing)
    const connection = await RawConnection.open(proxy.url)
    connection.write(Buffer.concat([Buffer.from(change(headText(head)), 'latin1'), body]))
    const answer = await connection.until(/x-moderato-request-id: \S+\r\n[^]*\r\n\r\n/i)
    connection.close()
    const [, requestId = ''] = /x-moderato-request-id: (\S+)/i.exec(answer) ?? []
    return String((await proxy.decision(requestId)).reason)
  }

  const post = (
    headers: Readonly<Record<string, string>>,
    body: string | Buffer,
    target = '/',
  ): RawRequest => ({
    method: 'POST',
    target,
    headers,
    body,
  })
  const get = (target: string): RawRequest => ({ method: 'GET', target, headers: {} })
  const put = (target: string, more = {}): RawRequest => ({ method: 'PUT', target, headers: more, body: 'x' })

  it('forwards the request that the others are made of', async () => {
    const before = upstream.recorded.length
    expect(await reasonOf(post(LIST, '{}'), { service: 'dynamodb' })).toBe('none')
    expect(await reasonOf(get('/bucket/key'), { service: 's3' })).toBe('none')
    expect(await reasonOf(post(FORM_TYPE, 'Action=ListUsers&Version=2010-05-08'), { service: 'iam' })).toBe(
      'none',
    )
    expect(upstream.recorded.length).toBe(before + 3)
  })

  const IAM = 'Action=ListUsers&Version=2010-05-08'
  it.each<[string, () => RawRequest, string, string]>([
    [
      'two actions in a form',
      () => post(FORM_TYPE, `${IAM}&Action=DeleteUser&UserName=u`),
      'iam',
      'malformed_request',
    ],
    [
      'two versions in a form',
      () => post(FORM_TYPE, `${IAM}&Version=2016-11-15`),
      'iam',
      'malformed_request',
    ],
    [
      'an action in the query, another in the body',
      () => post(FORM_TYPE, IAM, '/?Action=DeleteUser&UserName=u'),
      'iam',
      'malformed_request',
    ],
    ['a target beside a path', () => post(LIST, '{}', '/2015-03-31/functions'), 'dynamodb', 'unclassified'],
    ['a target beside an action', () => post(LIST, '{}', '/?Action=DeleteTable'), 'dynamodb', 'unclassified'],
    ['a target, and a form', () => post({ ...LIST, ...FORM_TYPE }, IAM), 'dynamodb', 'unclassified'],
    [
      'a target and another protocol',
      () => post({ ...LIST, 'smithy-protocol': 'rpc-v2-cbor' }, '{}'),
      'dynamodb',
      'unclassified',
    ],
    [
      'a method by another field',
      () => post({ ...LIST, 'x-http-method-override': 'DELETE' }, '{}'),
      'dynamodb',
      'unclassified',
    ],
    [
      'a member twice',
      () =>
        post(
          { ...LIST, 'x-amz-target': 'DynamoDB_20120810.DeleteTable' },
          '{"TableName":"a","TableName":"b"}',
        ),
      'dynamodb',
      'malformed_request',
    ],
    [
      'a body that is not UTF-8',
      () => post(LIST, Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])),
      'dynamodb',
      'malformed_request',
    ],
    [
      'an overlong slash in a body',
      () => post(LIST, Buffer.from([0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d])),
      'dynamodb',
      'malformed_request',
    ],
    [
      'another charset',
      () => post({ ...LIST, 'content-type': 'application/x-amz-json-1.0; charset=utf-16' }, '{}'),
      'dynamodb',
      'malformed_request',
    ],
    [
      'a compressed body',
      () => post({ ...LIST, 'content-encoding': 'gzip' }, gzipSync('{}')),
      'dynamodb',
      'malformed_request',
    ],
    ['a form that is not UTF-8', () => post(FORM_TYPE, `${IAM}&UserName=%ff`), 'iam', 'malformed_request'],
    [
      'metric data that inflates beyond the limit',
      () =>
        post(
          {
            ...JSON_TYPE,
            'x-amz-target': 'GraniteServiceVersion20100801.PutMetricData',
            'content-encoding': 'gzip',
          },
          gzipSync(`{"Namespace":"${'n'.repeat(200_000)}"}`),
        ),
      'monitoring',
      'body_too_large',
    ],
    ['a sub-resource that nobody knows', () => get('/bucket/key?unknown='), 's3', 'unclassified'],
    ['a body on GET', () => ({ ...get('/bucket/key'), body: 'x' }), 's3', 'malformed_request'],
    [
      'a body on a GET of a query service',
      () => ({ ...get(`/?${IAM}`), body: IAM }),
      'iam',
      'malformed_request',
    ],
    [
      'chunks where a document is read',
      () =>
        post(
          {
            'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
            'x-amz-decoded-content-length': '1',
            'x-amz-trailer': 'x-amz-checksum-crc32',
          },
          'x',
          '/bucket?delete=',
        ),
      's3',
      'unsupported_signature',
    ],
    [
      'a body that is not signed, not to S3',
      () => post({ ...LIST, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }, '{}'),
      'dynamodb',
      'unsupported_signature',
    ],
  ])('refuses %s', async (_what, request, service, reason) => {
    const before = upstream.recorded.length
    expect(await reasonOf(request(), { service })).toBe(reason)
    expect(upstream.recorded.length).toBe(before)
  })

  it.each<[string, (head: string, host: string) => string, string]>([
    ['an absolute form', (head, host) => head.replace('PUT /', `PUT http://${host}/`), 'malformed_request'],
    [
      'an absolute form of another host',
      (head) => head.replace('PUT /', 'PUT http://iam.amazonaws.com/'),
      'malformed_request',
    ],
    ['an authority for a path', (head) => head.replace('PUT /', 'PUT //iam.amazonaws.com/'), 'bad_signature'],
    ['two hosts', (head) => head.replace('\r\n', '\r\nHost: iam.amazonaws.com\r\n'), 'malformed_request'],
    ['another host', (head, host) => head.replaceAll(host, 'iam.amazonaws.com'), 'bad_signature'],
    [
      'a signed field twice',
      (head) => head.replace('\r\n', '\r\nx-amz-acl: private\r\n'),
      'malformed_request',
    ],
    ['an x-amz field more', (head) => head.replace('\r\n', '\r\nx-amz-tagging: a=b\r\n'), 'unsigned_header'],
    [
      'a field of the connection',
      (head) => head.replace('\r\n', '\r\nConnection: x-amz-acl\r\n'),
      'malformed_request',
    ],
  ])('refuses %s', async (_what, change, reason) => {
    const before = upstream.recorded.length
    const request = put('/bucket/key', { 'x-amz-acl': 'private' })
    const { host } = new URL(proxy.url)
    expect(await reasonOf(request, { service: 's3' }, (head) => change(head, host))).toBe(reason)
    expect(upstream.recorded.length).toBe(before)
  })

  it("refuses an upload by a browser's form, and says what to do instead", async () => {
    const form = new FormData()
    form.set('key', 'k')
    form.set('policy', 'e30=')
    form.set('x-amz-signature', 'a'.repeat(64))
    form.set('file', new Blob(['content']))
    const before = upstream.recorded.length
    const answer = await fetch(`${proxy.url}/bucket`, { method: 'POST', body: form })
    expect(answer.status).toBe(403)
    expect(await answer.text()).toContain('presigned URL for PUT')
    expect(upstream.recorded.length).toBe(before)
  })
})
