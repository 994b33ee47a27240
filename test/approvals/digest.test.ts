import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { digestOf } from '../../proxy/approvals/digest.ts'
import { tokensOf } from '../../proxy/approvals/idempotency.ts'
import { HeaderFields } from '../../proxy/core/http/headers.ts'
import type { Signing, WireRequest } from '../sigv4/signing.ts'
import { ACCOUNT, decided, json, query } from './calls.ts'

async function digest(wire: Partial<WireRequest>, signing?: Signing, account: string | undefined = ACCOUNT) {
  return digestOf({ ...(await decided(wire, signing)), accountId: account })
}

const DELETE = json('DynamoDB_20120810.DeleteTable', { TableName: 'orders' })
const S3_DELETE = { method: 'DELETE', path: '/data/a%20b', query: 'versionId=v1&x-id=DeleteObject' }
const S3: Signing = { service: 's3' }

describe('S17: the digest of a call', () => {
  it('is the same for the same call at another time, signed anew, in another attempt', async () => {
    const first = await digest({
      ...DELETE,
      headers: [...(DELETE.headers ?? []), 'amz-sdk-invocation-id', 'a'],
    })
    const again = {
      ...DELETE,
      headers: [
        'User-Agent',
        'aws-sdk-js/3',
        ...(DELETE.headers ?? []),
        'amz-sdk-invocation-id',
        'b',
        'amz-sdk-request',
        'attempt=2; max=3',
      ],
    }
    expect(first).toMatch(/^[0-9a-f]{64}$/)
    expect(await digest(again, { signedAtMs: Date.UTC(2026, 2, 4, 5, 10) })).toBe(first)
  })

  it.each<[string, Partial<WireRequest>, Signing?, string?]>([
    ['the body', json('DynamoDB_20120810.DeleteTable', { TableName: 'users' })],
    ['white space in the body', json('DynamoDB_20120810.DeleteTable', '{"TableName": "orders"}')],
    ['the operation', json('DynamoDB_20120810.DescribeTable', { TableName: 'orders' })],
    ['the region', DELETE, { region: 'eu-west-1' }],
    ['the account', DELETE, {}, '999999999999'],
    [
      'a header more',
      { ...DELETE, headers: [...(DELETE.headers ?? []), 'x-amz-expected-bucket-owner', '1'] },
    ],
    ['a header less', { ...DELETE, headers: (DELETE.headers ?? []).slice(0, 2) }],
    ['another query', { ...DELETE, query: 'a=1' }],
  ])('differs with %s', async (_, wire, signing, account) => {
    expect(await digest(wire, signing, account)).not.toBe(await digest(DELETE))
  })

  it.each<[string, Partial<WireRequest>]>([
    ['the order of the query', { query: 'x-id=DeleteObject&versionId=v1' }],
    ['another spelling of the path', { path: '/data/a%20%62' }],
    ['another object', { path: '/data/c' }],
    ['another bucket', { path: '/other/a%20b' }],
    ['another version', { query: 'versionId=v2&x-id=DeleteObject' }],
    ['the method', { method: 'HEAD' }],
  ])('differs with %s', async (_, change) => {
    expect(await digest({ ...S3_DELETE, ...change }, S3)).not.toBe(await digest(S3_DELETE, S3))
  })

  it('differs with the value of each field that goes on, and with the host', async () => {
    const names = [
      'x-amz-bypass-governance-retention',
      'x-amz-mfa',
      'if-match',
      'content-type',
      'accept-encoding',
    ]
    const exchange = await decided({ ...S3_DELETE, headers: names.flatMap((name) => [name, 'one']) }, S3)
    const own = digestOf(exchange)
    for (const name of [...names, 'host']) {
      const raw = exchange.headers.raw.map((text, index, all) =>
        index % 2 === 1 && all[index - 1]?.toLowerCase() === name ? 'another' : text,
      )
      expect(digestOf({ ...exchange, headers: new HeaderFields(raw) }), name).not.toBe(own)
    }
  })

  it('takes a repeated field as two, in their order', async () => {
    const exchange = await decided(S3_DELETE, S3)
    const withFields = (...fields: string[]) =>
      digestOf({ ...exchange, headers: new HeaderFields([...exchange.headers.raw, ...fields]) })
    const digests = [
      withFields('x-amz-a', '1', 'x-amz-a', '2'),
      withFields('x-amz-a', '2', 'x-amz-a', '1'),
      withFields('x-amz-a', '1,2'),
      withFields('x-amz-a', '12'),
      withFields('x-amz-a1', '2'),
    ]
    expect(new Set(digests).size).toBe(digests.length)
    // The order of fields of different names means nothing.
    expect(withFields('x-amz-a', '1', 'x-amz-b', '2')).toBe(withFields('x-amz-b', '2', 'x-amz-a', '1'))
  })

  it('is of the hash of an upload that streams, and of none that is unsigned or comes in chunks', async () => {
    const put = { method: 'PUT', path: '/data/k', body: Buffer.from('content') }
    const other = { ...put, body: Buffer.from('malware') }
    expect(await digest(put, S3)).not.toBe(await digest(other, S3))
    expect(await digest(put, { ...S3, payloadHash: 'UNSIGNED-PAYLOAD' })).toBeUndefined()
    const chunked = {
      ...put,
      headers: [
        'x-amz-decoded-content-length',
        '7',
        'content-encoding',
        'aws-chunked',
        'x-amz-trailer',
        'x-amz-checksum-crc32',
      ],
    }
    expect(
      await digest(chunked, { ...S3, payloadHash: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' }),
    ).toBeUndefined()
  })
})

describe('idempotency tokens', () => {
  const TRANSACT = (rest: string) =>
    json('DynamoDB_20120810.TransactWriteItems', `{"TransactItems":[]${rest}}`)
  const RUN = (token: string, more = '') =>
    query(`Action=TerminateInstances&Version=2016-11-15&InstanceId.1=i-1&ClientToken=${token}${more}`)
  const EC2: Signing = { service: 'ec2' }

  it('do not tell two calls apart that have nothing else different', async () => {
    const one = await digest(TRANSACT(',"ClientRequestToken":"3f2c-aa"'))
    expect(await digest(TRANSACT(',"ClientRequestToken":"77b0-bb"'))).toBe(one)
    expect(await digest(RUN('a1'), EC2)).toBe(await digest(RUN('b2'), EC2))
    const lambda = { method: 'POST', path: '/2015-03-31/functions/f/aliases', body: Buffer.from('{}') }
    const withToken = (value: string) => ({ ...lambda, headers: ['x-amz-client-token', value] })
    expect(await digest(withToken('a'), { service: 'lambda' })).toBe(
      await digest(withToken('b'), { service: 'lambda' }),
    )
  })

  it.each([
    [',"ClientRequestToken":"a b"', ',"ClientRequestToken":"a c"'],
    [',"ClientRequestToken":"\\u0061"', ',"ClientRequestToken":"\\u0062"'],
    [',"Nested":{"ClientRequestToken":"a"}', ',"Nested":{"ClientRequestToken":"b"}'],
    [',"List":[{"ClientRequestToken":"a"}]', ',"List":[{"ClientRequestToken":"b"}]'],
    [',"Text":"\\"ClientRequestToken\\":","x":"a"', ',"Text":"\\"ClientRequestToken\\":","x":"b"'],
    [',"ClientRequestTokens":"a"', ',"ClientRequestTokens":"b"'],
    [',"ClientRequestToken":["a"]', ',"ClientRequestToken":["b"]'],
    [',"ClientRequestToken":1', ',"ClientRequestToken":2'],
  ])('are no place to hide a change: %s', async (one, other) => {
    expect(await digest(TRANSACT(one))).not.toBe(await digest(TRANSACT(other)))
  })

  it('are what they are called only where the name means that', async () => {
    const reject = (token: string) =>
      json('WorkspacesService.RejectAccountLinkInvitation', { LinkId: 'l', ClientToken: token })
    expect(await digest(reject('a'), { service: 'workspaces' })).not.toBe(
      await digest(reject('b'), { service: 'workspaces' }),
    )
    expect(await digest(RUN('a', '&Filter.1.ClientToken=x'), EC2)).not.toBe(
      await digest(RUN('a', '&Filter.1.ClientToken=y'), EC2),
    )
  })

  it('are content like any other in a payload of the caller', async () => {
    const invoke = (token: string) => ({
      path: '/2015-03-31/functions/f/invocations',
      headers: ['x-amz-invocation-type', 'Event'],
      body: Buffer.from(`{"clientToken":"${token}"}`),
    })
    const lambda = { service: 'lambda', declared: false }
    expect(await digest(invoke('a'), lambda)).not.toBe(await digest(invoke('b'), lambda))
  })

  it('are found in megabytes of text that was made to exhaust a pattern', () => {
    const { length } = Buffer.from('abc')
    const tokens = tokensOf('dynamodb:TransactWriteItems', 'json-1.0')
    for (const text of ['x'.repeat(9_000_000), '\\"'.repeat(3_000_000)]) {
      const body = Buffer.from(`{"a":"${text}","ClientToken":"abc"}`)
      expect(tokens.body(body)).toHaveLength(body.length - length)
    }
  })

  it('hide nothing of any JSON: two documents with one digest differ in tokens alone', () => {
    const tokens = ['ClientRequestToken', 'clientToken']
    const key = fc.constantFrom('a', 'ClientRequestToken', 'clientToken', 'b"c', 'd\\')
    const value: fc.Memo<unknown> = fc.memo((depth) =>
      depth <= 1
        ? fc.constantFrom('x', 'y', 1, true, null, '{', '"', '\\')
        : fc.oneof(
            value(1),
            fc.array(value(depth - 1), { maxLength: 2 }),
            fc.dictionary(key, value(depth - 1), { maxKeys: 2 }),
          ),
    )
    const document = fc.dictionary(key, value(3), { maxKeys: 3 })
    const tokensOfCall = tokensOf('dynamodb:TransactWriteItems', 'json-1.0')
    fc.assert(
      fc.property(document, (made) => {
        const emptied = JSON.parse(tokensOfCall.body(Buffer.from(JSON.stringify(made))).toString()) as Record<
          string,
          unknown
        >
        const expected = Object.fromEntries(
          Object.entries(made).map(([name, each]) => [
            name,
            tokens.includes(name) && (each === 'x' || each === 'y') ? '' : each,
          ]),
        )
        expect(emptied).toEqual(expected)
      }),
      { numRuns: 2000 },
    )
  })
})
