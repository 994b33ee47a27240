import { passedStages } from '../../support/facts.ts'
import { describe, expect, it } from 'vitest'
import type { OutgoingBody, Paced } from '../../../proxy/exchange/exchange.ts'
import { HeaderFields } from '../../../proxy/core/http/headers.ts'
import { identify } from '../../../proxy/stages/identify.ts'
import { resign } from '../../../proxy/stages/resign/resign.ts'
import type { Endpoint } from '../../../proxy/exchange/upstream.ts'
import { verify } from '../../../proxy/stages/verify/verify.ts'
import { Signatures } from '../../../proxy/sigv4/signatures.ts'
import {
  accept,
  EMPTY_SHA256,
  NOW_MS,
  received,
  signed,
  type Signing,
  type WireRequest,
} from '../../sigv4/signing.ts'

const LATER_MS = NOW_MS + 20_000
const upstream = { accessKeyId: 'AKIDUPSTREAM', secretAccessKey: 'upstream-secret' }

function stageTo(endpoint: Partial<Endpoint> = {}, credentials: object = {}) {
  const signer = { credentials: { ...upstream, ...credentials }, as: 'plain' as const }
  const stage = resign({
    clock: { nowMs: () => LATER_MS },
    endpoint: (exchange) => ({
      origin: 'https://upstream.test',
      host: 'upstream.test',
      signingName: exchange.authorization.scope.service,
      signingRegion: 'eu-west-1',
      path: exchange.path,
      ...endpoint,
    }),
  })
  return (exchange: Paced) => stage(passedStages({ ...exchange, signer }))
}

/** A paced exchange; resign reads only what verify gave it, and the outgoing body. */
async function paced(
  request: Partial<WireRequest>,
  options: Signing = {},
  outgoing?: OutgoingBody,
): Promise<Paced> {
  const exchange = await accept(received(signed(request, options)))
  const body: OutgoingBody =
    outgoing ?? (request.body ? { kind: 'buffered', bytes: request.body } : { kind: 'empty' })
  return { ...exchange, outgoing: body } as Paced
}

async function lengthOf(exchange: Paced): Promise<readonly string[]> {
  const { signed: out } = stageTo()(exchange)
  return new HeaderFields(out.headers).all('content-length')
}

/** Verifies what was sent as the upstream would, with the upstream's own key. */
async function upstreamAccepts(
  exchange: Paced,
  headers: readonly string[],
  target: string,
): Promise<boolean> {
  const [path = '', query = ''] = target.split(/\?(.*)/s)
  const request = { method: exchange.method, path, query, headers, body: await exchange.body.bytes() }
  const agents = {
    find(accessKeyId: string, sessionToken: string | undefined) {
      if (accessKeyId !== upstream.accessKeyId || sessionToken !== undefined) {
        throw new Error('signed with other credentials')
      }
      const agent = { id: 'us', root: 'us', accessKeyId, session: undefined }
      return { agent, secretAccessKey: upstream.secretAccessKey }
    },
  }
  const clockSkew = { maxSkewMs: 0, maxSkewS3Ms: 0 }
  await verify({ agents, clockSkew, signatures: new Signatures() })(
    identify({ agents })(received(request, LATER_MS)),
  )
  return true
}

describe('resign', () => {
  const body = Buffer.from('{"TableName":"t"}')

  it.each<[string, Partial<WireRequest>, Signing]>([
    ['a declared hash', { body }, {}],
    [
      'a hash that was computed',
      { body, headers: ['Content-Type', 'application/x-amz-json-1.0'] },
      { declared: false },
    ],
    [
      'an unsigned payload',
      { method: 'PUT', path: '/b/a%20b//%2541', body },
      { service: 's3', payloadHash: 'UNSIGNED-PAYLOAD' },
    ],
    [
      'a path and a query',
      { method: 'GET', path: '/2015/functions/arn%3Aaws/a', query: 'b=2&a=%2F' },
      { service: 'lambda' },
    ],
  ])('signs a request with %s so that the upstream accepts it', async (_what, request, options) => {
    const exchange = await paced(request, options)
    const { signed: out } = stageTo()(exchange)
    expect(await upstreamAccepts(exchange, out.headers, out.target)).toBe(true)
  })

  it('replaces host, date and authorization, and leaves nothing of the agent', async () => {
    const exchange = await paced({ body, headers: ['Date', 'Wed, 04 Mar 2026 05:06:07 GMT'] })
    const { signed: out } = stageTo()(exchange)
    const headers = new HeaderFields(out.headers)
    expect(headers.all('host')).toEqual(['upstream.test'])
    expect(headers.all('x-amz-date')).toEqual(['20260304T050627Z'])
    expect(headers.one('authorization')).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIDUPSTREAM\/20260304\/eu-west-1\/dynamodb\//,
    )
    expect(headers.has('date')).toBe(false)
    expect(out.headers.join()).not.toContain('AKIDEXAMPLE')
    expect(out.headers.join()).not.toContain(exchange.authorization.signature)
  })

  it('adds and signs the session token of temporary credentials', async () => {
    const { signed: out } = stageTo({}, { sessionToken: 'token' })(await paced({ body }))
    const headers = new HeaderFields(out.headers)
    expect(headers.all('x-amz-security-token')).toEqual(['token'])
    expect(headers.one('authorization')).toContain('x-amz-security-token')
  })

  it('drops the fields of one hop and those that Connection names (RFC 9110 7.6.1)', async () => {
    const request = signed({ body })
    const hop = [
      'Keep-Alive',
      'TE',
      'Trailer',
      'Transfer-Encoding',
      'Upgrade',
      'Proxy-Authorization',
      'Proxy-Connection',
    ]
    const more = [...hop.flatMap((name) => [name, 'x']), 'Expect', '100-continue', 'traceparent', 'x']
    const connection = ['Connection', 'keep-alive, Traceparent', 'tracestate', 'kept']
    const exchange = await accept(
      received({ ...request, headers: [...request.headers, ...more, ...connection] }),
    )
    const { signed: out } = stageTo()({
      ...exchange,
      outgoing: { kind: 'buffered', bytes: body },
    } as Paced)
    const headers = new HeaderFields(out.headers)
    for (const name of [...hop, 'expect', 'traceparent', 'connection'])
      expect(headers.has(name.toLowerCase())).toBe(false)
    expect(headers.one('tracestate')).toBe('kept')
  })

  it('passes all other fields on in order and spelling, and leaves unsigned what came unsigned', async () => {
    const request = signed({ body, headers: ['Zeta', 'a  b', 'X-Amz-Target', 't', 'zeta', 'c'] })
    const exchange = await accept(
      received({
        ...request,
        headers: ['User-Agent', 'sdk', 'Accept-Encoding', 'identity', ...request.headers],
      }),
    )
    const { signed: out } = stageTo()({
      ...exchange,
      outgoing: { kind: 'buffered', bytes: body },
    } as Paced)
    const others = out.headers.slice(out.headers.indexOf('User-Agent'), -2)
    const hash = new HeaderFields(request.headers).one('x-amz-content-sha256')
    expect(others.join('|')).toBe(
      `User-Agent|sdk|Accept-Encoding|identity|Zeta|a  b|X-Amz-Target|t|zeta|c|X-Amz-Content-Sha256|${hash}`,
    )
    expect(out.headers.at(-1)).toContain(
      'SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-target;zeta,',
    )
  })

  it('sets content-length anew from what is sent', async () => {
    expect(await lengthOf(await paced({ body, headers: ['content-length', '999'] }))).toEqual([
      String(body.length),
    ])
    expect(await lengthOf(await paced({ body }, {}, { kind: 'streamed' }))).toEqual([String(body.length)])
    expect(await lengthOf(await paced({ headers: ['content-length', '0'] }))).toEqual(['0'])
    expect(await lengthOf(await paced({}))).toEqual([])
    const chunked = await paced({ body }, {}, { kind: 'streamed' })
    expect(await lengthOf({ ...chunked, body: { ...chunked.body, lengthBytes: undefined } })).toEqual([])
  })

  it('signs the path of the endpoint, not the one that came', async () => {
    const exchange = await paced({ method: 'GET', path: '/bucket/a%2Bb', query: 'acl' }, { service: 's3' })
    const { signed: out } = stageTo({ path: '/a%2Bb', signingName: 's3' })(exchange)
    expect(out).toMatchObject({ origin: 'https://upstream.test', target: '/a%2Bb?acl' })
    expect(await upstreamAccepts(exchange, out.headers, out.target)).toBe(true)
  })

  it('keeps the declared hash of an empty body', async () => {
    const { signed: out } = stageTo()(await paced({}))
    expect(new HeaderFields(out.headers).all('x-amz-content-sha256')).toEqual([EMPTY_SHA256])
  })
})
