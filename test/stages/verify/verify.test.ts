import { describe, expect, it } from 'vitest'
import type { IncomingBody } from '../../../proxy/core/http/message.ts'
import { Denial } from '../../../proxy/core/denial/denial.ts'
import { signers } from '../../conformance/signers.ts'
import {
  accept,
  EMPTY_SHA256,
  headerOf,
  NOW_MS,
  received,
  refusal,
  signed,
  withHeader,
  withoutHeader,
  type Signing,
  type WireRequest,
} from '../../sigv4/signing.ts'

const MINUTE_MS = 60_000

function refused(request: WireRequest, receivedAtMs = NOW_MS): Promise<string | undefined> {
  return refusal(received(request, receivedAtMs))
}

function adding(request: WireRequest, ...fields: string[]): WireRequest {
  return { ...request, headers: [...request.headers, ...fields] }
}

describe('verify: which headers are signed', () => {
  it.each([
    'x-amz-acl',
    'X-Amz-Copy-Source',
    'x-amz-target',
    'x-amz-user-agent',
    'x-amz-meta-a',
    'x-amzn-other',
  ])('refuses an unsigned %s', async (name) => {
    expect(await refused(adding(signed(), name, 'x'))).toBe('unsigned_header')
  })

  it.each(['content-encoding', 'smithy-protocol', 'x-amzn-principal', 'description', 'X-Client-Token'])(
    'refuses an unsigned %s, which can change the call',
    async (name) => {
      expect(await refused(adding(signed(), name, 'x'))).toBe('unsigned_header')
      expect(await refused(signed({ headers: [name, 'x'] }))).toBeUndefined()
    },
  )

  it.each(['Range', 'If-Match', 'If-None-Match', 'If-Modified-Since', 'If-Unmodified-Since', 'If-Range'])(
    'takes an unsigned %s of GET and HEAD alone, and nothing reads it',
    async (name) => {
      for (const method of ['GET', 'HEAD']) {
        const { headers, reading } = await accept(received(adding(signed({ method }), name, 'x')))
        expect(headers.one(name.toLowerCase())).toBe('x')
        expect(reading.headers.has(name.toLowerCase())).toBe(false)
        expect(await refused(adding(signed({ method }), name, 'x', name, 'x'))).toBe('malformed_request')
      }
      for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])
        expect(await refused(adding(signed({ method }), name, 'x'))).toBe('unsigned_header')
      expect(await refused(signed({ headers: [name, 'x'] }))).toBeUndefined()
    },
  )

  it('drops what is not signed and not understood, before anything reads it', async () => {
    const names = [
      'x-custom',
      'Cookie',
      'X-HTTP-Method-Override',
      'X-Forwarded-Host',
      'x-amzn-tls-version',
      'b3',
    ]
    const fields = [...names, 'Content-MD5', 'Origin', 'Content-Disposition'].flatMap((name) => [
      name,
      'x',
      name,
      'y',
    ])
    const { headers, reading } = await accept(received(adding(signed(), ...fields)))
    expect([...headers.names()]).toEqual(['host', 'x-amz-date', 'x-amz-content-sha256', 'authorization'])
    expect(reading.headers).toBe(headers)
  })

  it('keeps every value of a signed field, whatever its name', async () => {
    const request = signed({ headers: ['Cookie', 'a', 'x-custom', 'b', 'cookie', 'c'] })
    const { headers } = await accept(received(request))
    expect(headers.all('cookie')).toEqual(['a', 'c'])
    expect(headers.one('x-custom')).toBe('b')
    expect(await refused(adding(request, 'X-Custom', 'd'))).toBe('bad_signature')
  })

  it('leaves the type of a body that nobody signed to the stage that knows the operation', async () => {
    const { headers, reading } = await accept(received(adding(signed(), 'Content-Type', 'text/plain')))
    expect(headers.has('content-type')).toBe(true)
    expect(reading.headers.has('content-type')).toBe(false)
  })

  it('keeps what describes an object of S3, and reads none of it', async () => {
    const put = signed({ method: 'PUT', path: '/b/k' }, { service: 's3' })
    const names = ['content-disposition', 'content-language', 'content-md5', 'expires', 'content-encoding']
    const { headers, reading } = await accept(received(adding(put, ...names.flatMap((name) => [name, 'x']))))
    for (const name of names) {
      expect(headers.has(name)).toBe(true)
      expect(reading.headers.has(name)).toBe(false)
    }
    for (const name of names)
      expect(await refused(adding(put, name, 'x', name, 'x'))).toBe('malformed_request')
    expect(await refused(adding(put, 'Content-Encoding', 'gzip, AWS-chunked'))).toBe('unsigned_header')
  })

  it('lets Connection name a field that is dropped, and none that goes on unsigned but counts', async () => {
    const get = signed({ method: 'GET' })
    expect(await refused(adding(get, 'Connection', 'x-custom', 'x-custom', '1'))).toBeUndefined()
    expect(await refused(adding(get, 'Connection', 'range', 'Range', 'bytes=0-1'))).toBe('malformed_request')
  })

  it('lets headers that decide nothing be unsigned', async () => {
    const names = ['amz-sdk-invocation-id', 'amz-sdk-request', 'X-Amzn-Trace-Id', 'traceparent', 'User-Agent']
    const more = [
      'Content-Length',
      'Accept-Encoding',
      'Connection',
      'Expect',
      'Cache-Control',
      'Sec-Fetch-Mode',
    ]
    expect(
      await refused(adding(signed(), ...[...names, ...more].flatMap((name) => [name, 'x']))),
    ).toBeUndefined()
  })

  it('refuses an unsigned host', async () => {
    const request = signed()
    const without = headerOf(request, 'authorization').replace('host;', '')
    const changed = withHeader(request, 'authorization', without)
    expect(await refused(changed)).toBe('unsigned_header')
    expect(await refused(withoutHeader(changed, 'host'))).toBe('unsigned_header')
  })

  it('refuses a signed header that is not there', async () => {
    const request = signed({ headers: ['x-amz-target', ''] })
    expect(await refused(withoutHeader(request, 'x-amz-target'))).toBe('bad_signature')
  })
})

describe('verify: fields that two readers could read in two ways', () => {
  it.each(['x-amz-target', 'X-Amz-Meta-A', 'content-type', 'Content-Length', 'host', 'date', 'x-amz-date'])(
    'refuses %s twice, though signed',
    async (name) => {
      expect(await refused(signed({ headers: [name, 'a', name.toUpperCase(), 'a'] }))).toBe(
        'malformed_request',
      )
    },
  )

  it('takes other fields twice', async () => {
    expect(await refused(signed({ headers: ['My-Header', 'a', 'my-header', 'b'] }))).toBeUndefined()
  })

  it('refuses repeated fields in another order than signed', async () => {
    const request = signed({ headers: ['My-Header', 'a', 'my-header', 'b'] })
    const headers = request.headers.map((text) => (text === 'a' ? 'b' : text === 'b' ? 'a' : text))
    expect(await refused({ ...request, headers })).toBe('bad_signature')
  })

  it.each(['a\r\n b', 'a\n\tb', 'a\0b'])('refuses the folded or broken value %j', async (value) => {
    expect(await refused(signed({ headers: ['My-Header', value] }))).toBe('malformed_request')
  })

  it.each(['X-Amz-Meta-A', 'Cache-Control', 'Amz-Sdk-Invocation-Id', 'Referer', 'X-Custom'])(
    'refuses a Connection header that would strip the signed field %s',
    async (name) => {
      // This signer signs what SDKs leave out.
      const aws4 = signers.find((each) => each.name === 'aws4')
      const empty = { query: [], body: Buffer.alloc(0), headers: { [name]: 'x' } }
      const get = { service: 's3', region: 'us-east-1', method: 'GET', path: '/b/k', ...empty }
      const [request] = (await aws4?.sign([get])) ?? []
      if (request === undefined) throw new Error('aws4 signed nothing')
      expect(await refused(request)).toBeUndefined()
      expect(await refused(adding(request, 'Connection', `close, ${name}`))).toBe('malformed_request')
    },
  )

  it('lets Connection name what is of one connection, signed or not', async () => {
    const headers = ['Keep-Alive', 'timeout=5', 'TE', 'trailers', 'Connection', 'Keep-Alive, TE']
    expect(await refused(signed({ headers }))).toBeUndefined()
  })
})

describe('verify: time', () => {
  it.each([
    ['dynamodb', 5 * MINUTE_MS],
    ['s3', 15 * MINUTE_MS],
    ['s3-outposts', 15 * MINUTE_MS],
  ])('allows %s a skew of at most %i ms, either way', async (service, maxMs) => {
    const request = signed({}, { service })
    for (const way of [1, -1]) {
      expect(await refused(request, NOW_MS + way * maxMs)).toBeUndefined()
      expect(await refused(request, NOW_MS + way * (maxMs + 1))).toBe('clock_skew')
    }
  })

  it('refuses a scope of another day', async () => {
    const request = signed()
    const other = headerOf(request, 'authorization').replace('/20260304/', '/20260305/')
    expect(await refused(withHeader(request, 'authorization', other))).toBe('malformed_authorization')
  })

  it('refuses a request without a date, and one with a malformed date', async () => {
    expect(await refused(withoutHeader(signed(), 'x-amz-date'))).toBe('malformed_authorization')
    expect(await refused(withHeader(signed(), 'x-amz-date', '2026-03-04T05:06:07Z'))).toBe(
      'malformed_authorization',
    )
  })

  it('falls back to Date only when it is signed', async () => {
    // Signed with x-amz-date as a plain header would be: the signature differs, but the date is judged before it.
    const date = 'Wed, 04 Mar 2026 05:06:07 GMT'
    const unsigned = adding(withoutHeader(signed(), 'x-amz-date'), 'Date', date)
    expect(await refused(unsigned)).toBe('malformed_authorization')
    const names = headerOf(unsigned, 'authorization').replace(
      /SignedHeaders=[^,]+/,
      'SignedHeaders=date;host',
    )
    expect(
      await refused(withHeader(withoutHeader(unsigned, 'x-amz-content-sha256'), 'authorization', names)),
    ).toBe('bad_signature')
  })
})

describe('verify: the body', () => {
  const body = Buffer.from('{"TableName":"t"}')

  it('does not touch a body whose hash is declared', async () => {
    const exchange = received(signed({ body }))
    const { payload } = await accept(exchange)
    expect(payload).toEqual({ kind: 'declared', sha256: headerOf(signed({ body }), 'x-amz-content-sha256') })
    expect(exchange.body.reads).toBe(0)
  })

  it('does not touch the body of a bad signature whose hash is declared', async () => {
    const request = signed({ body })
    const exchange = received({ ...request, path: '/other' })
    expect(await refusal(exchange)).toBe('bad_signature')
    expect(exchange.body.reads).toBe(0)
  })

  it('does not touch the body before the head was checked, where no hash is declared', async () => {
    const exchange = received(adding(signed({ body }, { declared: false }), 'x-amz-acl', 'x'))
    expect(await refusal(exchange)).toBe('unsigned_header')
    const late = received(signed({ body }, { declared: false }), NOW_MS + 6 * MINUTE_MS)
    expect(await refusal(late)).toBe('clock_skew')
    expect(exchange.body.reads + late.body.reads).toBe(0)
  })

  it('hashes the body where no hash is declared', async () => {
    const request = signed({ body }, { declared: false })
    expect((await accept(received(request))).payload.kind).toBe('hashed')
    expect(await refused({ ...request, body: Buffer.from('{"TableName":"u"}') })).toBe('bad_signature')
  })

  it('takes an absent body without reading it', async () => {
    const exchange = received(signed({}, { declared: false }))
    expect((await accept(exchange)).payload).toEqual({ kind: 'hashed', sha256: EMPTY_SHA256 })
    expect(exchange.body.reads).toBe(0)
  })

  it('passes on the refusal of a body that cannot be read', async () => {
    const tooLarge: IncomingBody = {
      ...received(signed({ body })).body,
      bytes: () => Promise.reject(new Denial('body_too_large', 'too large')),
    }
    const exchange = { ...received(signed({ body }, { declared: false })), body: tooLarge }
    expect(await refusal(exchange)).toBe('body_too_large')
  })

  it('refuses the hash of something where there is no body', async () => {
    expect(await refused({ ...signed({ body }), body: Buffer.alloc(0) })).toBe('payload_mismatch')
  })

  const S3: Signing = { service: 's3' }
  const TRAILER = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'
  const trailerHeaders = ['x-amz-decoded-content-length', '9', 'x-amz-trailer', 'x-amz-checksum-crc32']

  it('requires x-amz-content-sha256 for S3', async () => {
    expect(await refused(signed({ body }, { ...S3, declared: false }))).toBe('malformed_authorization')
  })

  it('takes UNSIGNED-PAYLOAD and the unsigned trailer', async () => {
    const plain = await accept(received(signed({ body }, { ...S3, payloadHash: 'UNSIGNED-PAYLOAD' })))
    expect(plain.payload).toEqual({ kind: 'unsigned' })
    const chunked = await accept(
      received(signed({ body, headers: trailerHeaders }, { ...S3, payloadHash: TRAILER })),
    )
    expect(chunked.payload).toEqual({
      kind: 'unsigned-trailer',
      decodedLengthBytes: 9,
      trailers: ['x-amz-checksum-crc32'],
    })
  })

  it.each([
    ['no length', ['x-amz-trailer', 'x-amz-checksum-crc32']],
    ['a negative length', ['x-amz-decoded-content-length', '-1', 'x-amz-trailer', 'x-amz-checksum-crc32']],
    ['no trailer', ['x-amz-decoded-content-length', '9']],
    ['an unknown trailer', ['x-amz-decoded-content-length', '9', 'x-amz-trailer', 'x-amz-acl']],
    [
      'one trailer twice',
      ['x-amz-decoded-content-length', '9', 'x-amz-trailer', 'x-amz-checksum-sha1,x-amz-checksum-sha1'],
    ],
  ])('refuses an unsigned trailer with %s', async (_what, headers) => {
    expect(await refused(signed({ body, headers }, { ...S3, payloadHash: TRAILER }))).toBe(
      'malformed_request',
    )
  })

  it('refuses an unsigned trailer without a body, or outside S3', async () => {
    expect(await refused(signed({ headers: trailerHeaders }, { ...S3, payloadHash: TRAILER }))).toBe(
      'payload_mismatch',
    )
    expect(await refused(signed({ body, headers: trailerHeaders }, { payloadHash: TRAILER }))).toBe(
      'unsupported_signature',
    )
  })

  it.each([
    'STREAMING-OTHER',
    'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD',
    'STREAMING-AWS4-HMAC-SHA256-EVENTS',
  ])('refuses %s clearly', async (payloadHash) => {
    expect(await refused(signed({ body }, { ...S3, payloadHash }))).toBe('unsupported_signature')
  })

  it('reads what signed chunks say of the body, and starts their chain', async () => {
    const form = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'
    const length = ['x-amz-decoded-content-length', '5']
    const trailer = ['x-amz-trailer', 'x-amz-checksum-crc32c']
    const plain = await accept(received(signed({ body, headers: length }, { ...S3, payloadHash: form })))
    expect(plain.payload).toEqual({ kind: 'signed-chunks', form, decodedLengthBytes: 5, trailers: [] })
    expect(plain.bodySignatures).toBeDefined()
    const trailing = `${form}-TRAILER`
    const both = signed({ body, headers: [...length, ...trailer] }, { ...S3, payloadHash: trailing })
    expect((await accept(received(both))).payload).toMatchObject({
      form: trailing,
      trailers: ['x-amz-checksum-crc32c'],
    })
    for (const [payloadHash, headers] of [
      [form, []],
      [form, [...length, ...trailer]],
      [trailing, length],
      [trailing, [...length, 'x-amz-trailer', 'x-amz-meta-a']],
    ] as const) {
      expect(await refused(signed({ body, headers }, { ...S3, payloadHash }))).toBe('malformed_request')
    }
    expect(await refused(signed({ headers: length }, { ...S3, payloadHash: form }))).toBe('payload_mismatch')
  })

  it('takes signed events where no S3 is meant', async () => {
    const payloadHash = 'STREAMING-AWS4-HMAC-SHA256-EVENTS'
    expect((await accept(received(signed({ body }, { payloadHash })))).payload).toEqual({
      kind: 'signed-events',
      form: payloadHash,
    })
  })

  it.each(['', 'abc', EMPTY_SHA256.toUpperCase(), 'unsigned-payload'])(
    'refuses the payload hash %j',
    async (payloadHash) => {
      expect(await refused(signed({ body }, { ...S3, payloadHash }))).toBe('malformed_request')
    },
  )
})
