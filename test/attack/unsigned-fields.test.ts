/** What somebody on the way to Moderato can add to a signed request, and what an agent can hide by not signing it. */
import { beforeAll, describe, expect, it } from 'vitest'
import { READER, BUILDER } from '../support/agents.ts'
import type { Proxy } from '../support/proxy.ts'
import { headText, RawConnection, signed, type RawRequest, type Signing } from '../support/raw-http.ts'
import type { Recorded, RecordingUpstream } from '../support/recording-upstream.ts'
import { openScene } from '../support/scene.ts'

const FORM = 'application/x-www-form-urlencoded'
const LIST_TABLES = { 'x-amz-target': 'DynamoDB_20120810.ListTables' }

describe('fields that nobody signed', () => {
  let upstream: RecordingUpstream
  let proxy: Proxy

  beforeAll(async () => {
    const scene = await openScene({ agents: [BUILDER, READER] })
    ;({ upstream, proxy } = scene)
    return scene.stop
  })

  interface Seen {
    readonly answer: string
    readonly reason: string
    readonly record: Readonly<Record<string, unknown>>
    /** What arrived of it; undefined if nothing did. */
    readonly arrived: Recorded | undefined
  }

  /** Sends the request with further header lines, which nobody signed. */
  async function adding(request: RawRequest, signing: Signing, ...lines: readonly string[]): Promise<Seen> {
    const before = upstream.recorded.length
    const body = Buffer.from(request.body ?? '')
    const length = body.length === 0 ? [] : [`content-length: ${body.length}`]
    const { body: _body, ...head } = await signed(proxy.url, request, signing)
    const connection = await RawConnection.open(proxy.url)
    connection.write(Buffer.concat([Buffer.from(headText(head, ...length, ...lines), 'latin1'), body]))
    const answer = await connection.until(/x-moderato-request-id: \S+\r\n[^]*\r\n\r\n[^]/i)
    connection.close()
    const [, requestId = ''] = /x-moderato-request-id: (\S+)/i.exec(answer) ?? []
    const record = await proxy.decision(requestId)
    return { answer, reason: String(record.reason), record, arrived: upstream.recorded[before] }
  }

  const get = (target: string): RawRequest => ({ method: 'GET', target, headers: {} })
  const post = (body: string, headers: Readonly<Record<string, string>> = {}, target = '/'): RawRequest => ({
    method: 'POST',
    target,
    headers,
    body,
  })
  const put = (headers = {}): RawRequest => ({ method: 'PUT', target: '/bucket/key', headers, body: 'x' })
  const S3 = { service: 's3' }
  const IAM = { service: 'iam' }

  it('never arrive where they could mean something to a server behind Moderato', async () => {
    const lines = [
      'X-HTTP-Method-Override: DELETE',
      'X-Method-Override: DELETE',
      'X-Forwarded-Host: iam.amazonaws.com',
      'X-Original-URL: /other/key',
      'X-Rewrite-Url: /other/key',
      'Forwarded: host=iam.amazonaws.com',
      'x_amz_acl: public-read',
      'Cookie: a=b',
      'COOKIE: c=d',
      'Connection: cookie',
      'X-Moderato-Decision: allow',
      'X-Amzn-Tls-Version: 1',
    ]
    const { reason, arrived, record } = await adding(get('/bucket/key'), S3, ...lines)
    expect(reason).toBe('none')
    expect(record['operation']).toBe('GetObject')
    expect(arrived?.method).toBe('GET')
    const names = Object.keys(arrived?.headers ?? {}).toSorted()
    expect(names).toEqual(['authorization', 'connection', 'host', 'x-amz-content-sha256', 'x-amz-date'])
  })

  it.each([
    'x-amz-acl: public-read',
    'X-AMZ-Copy-Source: /other/key',
    'x-amz-tagging: a=b',
    'x-amz-server-side-encryption: aws:kms',
    'x-amz-bypass-governance-retention: true',
    'x-amzn-principal: arn:aws:iot:us-east-1:123456789012:cert/c',
    'smithy-protocol: rpc-v2-cbor',
    'If-Match: "e"',
    'If-None-Match: *',
    'If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT',
    'Range: bytes=0-1',
    'Content-Encoding: aws-chunked',
    'Content-Range: bytes 0-1/2',
  ])('refuse an upload: %s', async (line) => {
    const { reason, answer, arrived } = await adding(put(), S3, line)
    expect(reason).toBe('unsigned_header')
    expect(answer).toContain(`The header ${line.split(':')[0]?.toLowerCase()} is not signed.`)
    expect(answer).toContain('<Code>SignatureDoesNotMatch</Code>')
    expect(arrived).toBeUndefined()
  })

  it('do not make a write look as if it could overwrite nothing', async () => {
    const signedToo = await adding(put({ 'if-none-match': '*' }), S3)
    expect(signedToo.record['traits']).not.toContain('may-overwrite')
    const { record } = await adding({ ...put(), body: 'y' }, S3)
    expect(record['traits']).toContain('may-overwrite')
  })

  it('say of a call in words why its condition does not count', async () => {
    const { answer } = await adding(put(), S3, 'If-None-Match: *')
    expect(answer).toContain('With PUT it decides whether something is changed')
    expect(answer).toContain('Sign it, as the AWS SDKs do.')
  })

  it.each<[string, RawRequest, Signing, readonly string[]]>([
    [
      'JSON',
      post('{"Limit":1}', LIST_TABLES),
      { service: 'dynamodb' },
      ['Content-Type: application/x-amz-json-1.0'],
    ],
    ['a form', post('Action=ListGroups&Version=2010-05-08'), IAM, [`Content-Type: ${FORM}; charset=utf-8`]],
    [
      'JSON of REST',
      post('{"name":"c"}', {}, '/clusters'),
      { service: 'eks' },
      ['Content-Type: application/json'],
    ],
    [
      'XML of REST',
      post('<CreateHostedZoneRequest/>', {}, '/2013-04-01/hostedzone'),
      { service: 'route53' },
      ['Content-Type: text/xml'],
    ],
    [
      'an upload',
      { ...put(), body: 'small' },
      S3,
      ['Content-Type: image/png', 'Content-Disposition: inline'],
    ],
    ['a part of an object', get('/bucket/key'), S3, ['Range: bytes=1-2', 'If-Match: "e"']],
  ])('go on from small signers and the PHP SDK: %s', async (_what, request, signing, lines) => {
    const libraries = [
      'User-Agent: aws-sdk-php/3',
      'aws-sdk-invocation-id: 1',
      'aws-sdk-retry: 0/0',
      'Accept: */*',
    ]
    const { reason, arrived } = await adding(request, signing, ...lines, ...libraries)
    expect(reason).toBe('none')
    for (const line of lines) {
      const [name = '', value = ''] = line.split(/: (.*)/s)
      expect(arrived?.headers[name.toLowerCase()]).toBe(value)
    }
    expect(arrived?.headers['aws-sdk-retry']).toBeUndefined()
  })

  it('leave a refusal in the form of the service that the signature names', async () => {
    const wrong = { ...S3, agent: { ...BUILDER, secretAccessKey: 'another-secret-than-that-of-the-agent' } }
    const { answer, reason } = await adding(put({ 'content-type': FORM }), wrong)
    expect(reason).toBe('bad_signature')
    expect(answer).toContain('<Error><Code>SignatureDoesNotMatch</Code>')
    const json = await adding(post('{}', { ...LIST_TABLES, 'content-type': FORM }), { service: 'dynamodb' })
    expect(json.answer).toContain('"__type":"AccessDeniedException"')
  })

  it('cannot be taken off by Connection, once they choose what is read', async () => {
    const { reason } = await adding(get('/bucket/key'), S3, 'Range: bytes=0-1', 'Connection: range')
    expect(reason).toBe('malformed_request')
  })

  describe('a content type that would have another server read another call', () => {
    const NAMED_FORM = '{"x":"&Action=DeleteUser&Version=2010-05-08&UserName=u&"}'
    it.each<[string, RawRequest, Signing, string]>([
      ['a form, over JSON', post(NAMED_FORM, LIST_TABLES), { service: 'dynamodb' }, FORM],
      [
        'another charset',
        post('{}', LIST_TABLES),
        { service: 'dynamodb' },
        'application/json; charset=utf-16',
      ],
      ['JSON, over a form', post('Action=ListUsers&Version=2010-05-08'), IAM, 'application/x-amz-json-1.0'],
      [
        'parts, over a form',
        post('Action=ListUsers&Version=2010-05-08'),
        IAM,
        'multipart/form-data; boundary=x',
      ],
      [
        'a form, of CloudWatch that has three protocols',
        post('{}', { 'x-amz-target': 'GraniteServiceVersion20100801.ListMetrics' }),
        { service: 'monitoring' },
        FORM,
      ],
      [
        'JSON, of SQS without a target',
        post('Action=ListQueues&Version=2012-11-05'),
        { service: 'sqs' },
        'application/json',
      ],
      ['a form, over REST', post('{"name":"c"}', {}, '/clusters'), { service: 'eks' }, FORM],
      [
        "an upload by a browser's form",
        post('<Delete/>', {}, '/bucket?delete='),
        S3,
        'multipart/form-data; boundary=x',
      ],
    ])('is refused: %s', async (_what, request, signing, type) => {
      const { reason, answer, arrived } = await adding(request, signing, `Content-Type: ${type}`)
      expect(reason).toBe('unsigned_header')
      expect(answer).toMatch(/Send content-type: application\/\S+, or sign the header\./)
      expect(arrived).toBeUndefined()
    })

    it('does not change which grants a call needs', async () => {
      const reading = post('Action=DeleteUser&Version=2010-05-08&UserName=u')
      const { reason, record } = await adding(reading, { ...IAM, agent: READER }, `Content-Type: ${FORM}`)
      expect([reason, record['operation'], record['class']]).toEqual([
        'policy_denied',
        'DeleteUser',
        'permissions',
      ])
    })

    it('is dropped beside no body', async () => {
      const call = get('/?Action=ListUsers&Version=2010-05-08')
      const { reason, arrived } = await adding(call, IAM, 'Content-Type: application/x-amz-json-1.0')
      expect(reason).toBe('none')
      expect(arrived?.headers['content-type']).toBeUndefined()
    })

    it('is dropped where it is empty', async () => {
      const call = post('{"Limit":1}', LIST_TABLES)
      const { reason, arrived } = await adding(call, { service: 'dynamodb' }, 'Content-Type: ')
      expect(reason).toBe('none')
      expect(arrived?.headers['content-type']).toBeUndefined()
    })

    it('cannot come twice', async () => {
      const call = post('Action=ListUsers&Version=2010-05-08')
      const { reason } = await adding(call, IAM, `Content-Type: ${FORM}`, `content-type: ${FORM}`)
      expect(reason).toBe('malformed_request')
    })
  })

  describe('a plus sign in a query', () => {
    /** The request whose signature is over one spelling, and whose target has another. */
    async function respelled(target: string, sent: string, signing: Signing): Promise<Seen> {
      const { headers } = await signed(proxy.url, get(target), signing)
      const before = upstream.recorded.length
      const connection = await RawConnection.open(proxy.url)
      connection.write(headText({ ...get(sent), headers }))
      const answer = await connection.until(/x-moderato-request-id: \S+\r\n[^]*\r\n\r\n[^]/i)
      connection.close()
      const [, requestId = ''] = /x-moderato-request-id: (\S+)/i.exec(answer) ?? []
      const record = await proxy.decision(requestId)
      return { answer, reason: String(record.reason), record, arrived: upstream.recorded[before] }
    }

    it.each<[string, string, string, Signing]>([
      ['S3, in a value', '/bucket?list-type=2&prefix=a%20b', '/bucket?list-type=2&prefix=a+b', S3],
      [
        'S3, beside a plus sign',
        '/bucket?list-type=2&prefix=a%20b%2Bc',
        '/bucket?list-type=2&prefix=a+b%2bc',
        S3,
      ],
      [
        'a query service',
        '/?Action=GetUser&UserName=a%20b&Version=2010-05-08',
        '/?Action=GetUser&UserName=a+b&Version=2010-05-08',
        IAM,
      ],
      ['REST', '/functions?Marker=a%20b', '/functions?Marker=a+b', { service: 'lambda' }],
    ])('is the space that was signed: %s', async (_what, target, sent, signing) => {
      const path = signing.service === 'lambda' ? '/2015-03-31' : ''
      const { reason, arrived } = await respelled(`${path}${target}`, `${path}${sent}`, signing)
      expect(reason).toBe('none')
      expect(arrived?.target).toBe(`${path}${sent.replaceAll('+', '%20')}`)
    })

    it.each<[string, string, string, Signing]>([
      ['S3', '/bucket?list-type=2&prefix=a%2Bb', '/bucket?list-type=2&prefix=a+b', S3],
      [
        'a query service',
        '/?Action=GetUser&UserName=a%2Bb&Version=2010-05-08',
        '/?Action=GetUser&UserName=a+b&Version=2010-05-08',
        IAM,
      ],
    ])('is refused in words where a plus sign was signed: %s', async (_what, target, sent, signing) => {
      const { reason, answer, arrived } = await respelled(target, sent, signing)
      expect(reason).toBe('bad_signature')
      expect(answer).toContain('Write %20 for a space and %2B for a plus sign')
      expect(arrived).toBeUndefined()
    })
  })
})
