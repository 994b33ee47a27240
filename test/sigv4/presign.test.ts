import { spawnSync } from 'node:child_process'
import { SignatureV4 } from '@smithy/signature-v4'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HeaderFields } from '../../proxy/core/http/headers.ts'
import { ALGORITHM, ECDSA_ALGORITHM } from '../../proxy/sigv4/credential.ts'
import { presign, type Presigning } from '../../proxy/sigv4/presign.ts'
import { Signatures } from '../../proxy/sigv4/signatures.ts'
import { formatAmzDate } from '../../proxy/sigv4/signing-date.ts'
import { encodeRfc3986, HOST, Sha256 } from '../conformance/signers.ts'
import { accept, ACCESS_KEY_ID, EMPTY_SHA256, NOW_MS, received, refusal, SECRET } from './signing.ts'

const AMZ_DATE = formatAmzDate(NOW_MS)
const EXPIRES_SECONDS = 900
const KEY = { accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET }
const TOKEN = 'FwoGZXIvYXdzE/+=='

interface Plain {
  readonly service: 'sts' | 's3'
  readonly method: string
  readonly path: string
  readonly query: readonly (readonly [string, string])[]
  readonly headers: Readonly<Record<string, string>>
  readonly sessionToken: string | undefined
}

const queryText = ({ query }: Plain) =>
  query.map(([name, value]) => `${encodeRfc3986(name)}=${encodeRfc3986(value)}`).join('&')

const payloadHashOf = ({ service }: Plain) => (service === 's3' ? 'UNSIGNED-PAYLOAD' : EMPTY_SHA256)

function ours(plain: Plain, more: Partial<Presigning> = {}): string {
  const { service, method, path, headers, sessionToken } = plain
  const fields = new HeaderFields(['host', HOST, ...Object.entries(headers).flat()])
  return presign(
    { method, path, query: queryText(plain), headers: fields },
    payloadHashOf(plain),
    {
      algorithm: ALGORITHM,
      amzDate: AMZ_DATE,
      scope: { date: AMZ_DATE.slice(0, 8), region: 'us-east-1', service },
      expiresSeconds: EXPIRES_SECONDS,
      ...more,
    },
    { ...KEY, sessionToken },
    new Signatures(),
  )
}

/** Requests that every oracle encodes alike. */
const plainRequest: fc.Arbitrary<Plain> = fc
  .record({
    service: fc.constantFrom('sts' as const, 's3' as const),
    method: fc.constantFrom('GET', 'HEAD', 'PUT', 'DELETE'),
    segments: fc.array(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }).map((text) => text.toWellFormed()),
      { minLength: 1, maxLength: 3 },
    ),
    query: fc.uniqueArray(
      fc.tuple(fc.stringMatching(/^[A-Za-z][\w-]{0,6}$/), fc.stringMatching(/^[ -~]{1,8}$/)),
      {
        selector: ([name]) => name.toLowerCase(),
        maxLength: 3,
      },
    ),
    headers: fc.record(
      { 'x-k8s-aws-id': fc.stringMatching(/^[\w-]{1,12}$/), 'if-match': fc.stringMatching(/^[!-~]{1,12}$/) },
      { requiredKeys: [] },
    ),
    sessionToken: fc.option(fc.constant(TOKEN), { nil: undefined }),
  })
  .map(({ segments, ...rest }) => ({ ...rest, path: pathOf(rest.service, segments) }))

/** Only S3 has keys that are not plain: other services' paths are normalised, differently by each signer. */
function pathOf(service: string, segments: readonly string[]): string {
  if (service !== 's3') return '/'
  const named = segments.filter((each) => !/^\.{1,2}$|[/\\]/.test(each))
  return `/bucket${named.map((each) => `/${encodeRfc3986(each)}`).join('')}`
}

/** Parameters by name, decoded. */
const parameters = (query: string) => Object.fromEntries(new URLSearchParams(query.replaceAll('+', '%2B')))

const samples = fc.sample(plainRequest, { seed: 20_261_124, numRuns: 300 })

describe('presign', () => {
  it('signs as @smithy/signature-v4 does', async () => {
    for (const plain of samples) {
      expect(parameters(ours(plain)), JSON.stringify(plain)).toEqual(await bySmithy(plain))
    }
  })

  const python = spawnSync('python3', ['-c', 'import botocore.auth as a; a.get_current_datetime'])
  const missing = python.status !== 0
  if (missing) console.warn('SKIPPED: presign against botocore needs python3 with botocore 1.40 or newer')
  it.skipIf(missing)('signs as botocore does', () => {
    const theirs = byBotocore(samples)
    samples.forEach((plain, i) => {
      expect(parameters(ours(plain)), JSON.stringify(plain)).toEqual(parameters(theirs[i] ?? ''))
    })
  })

  it('keeps the query that is there, byte for byte and in order, and puts the signature last', () => {
    const query = presign(
      { method: 'GET', path: '/b/k', query: 'b=%7e&a=1&a', headers: new HeaderFields(['Host', HOST]) },
      'UNSIGNED-PAYLOAD',
      {
        algorithm: ALGORITHM,
        amzDate: AMZ_DATE,
        scope: { date: AMZ_DATE.slice(0, 8), region: 'us-east-1', service: 's3' },
        expiresSeconds: 60,
      },
      KEY,
      new Signatures(),
    )
    expect(query).toMatch(/^b=%7e&a=1&a&X-Amz-Algorithm=AWS4-HMAC-SHA256&.*&X-Amz-Signature=[0-9a-f]{64}$/)
  })

  it('signs the headers that it is told to, and otherwise all that must be signed', () => {
    const plain = { ...sts, headers: { 'x-k8s-aws-id': 'dev', 'if-match': 'x', 'user-agent': 'x' } }
    expect(parameters(ours(plain))['X-Amz-SignedHeaders']).toBe('host;if-match;x-k8s-aws-id')
    const told = ours(plain, { signedHeaders: ['host', 'x-k8s-aws-id'] })
    expect(parameters(told)['X-Amz-SignedHeaders']).toBe('host;x-k8s-aws-id')
  })

  it.each([ALGORITHM, ECDSA_ALGORITHM] as const)('makes what Moderato verifies: %s', async (algorithm) => {
    for (const plain of samples.slice(0, 40)) {
      if (plain.sessionToken !== undefined) continue
      const request = (query: string) =>
        received({
          method: plain.method,
          path: plain.path,
          query,
          headers: ['host', HOST, ...Object.entries(plain.headers).flat()],
          body: Buffer.alloc(0),
        })
      const query = ours(plain, { algorithm })
      expect((await accept(request(query))).agent.id).toBe('agent-1')
      const longer = query.replace('X-Amz-Expires=900', 'X-Amz-Expires=901')
      expect(await refusal(request(longer))).toBe('bad_signature')
    }
  })
})

const sts: Plain = {
  service: 'sts',
  method: 'GET',
  path: '/',
  query: [],
  headers: {},
  sessionToken: undefined,
}

async function bySmithy(plain: Plain): Promise<Record<string, unknown>> {
  const { service, method, path, headers, sessionToken } = plain
  const s3 = service === 's3'
  const signer = new SignatureV4({
    service,
    region: 'us-east-1',
    credentials: { ...KEY, ...(sessionToken === undefined ? {} : { sessionToken }) },
    sha256: Sha256 as never,
    ...(s3 ? { uriEscapePath: false } : {}),
  })
  const { query } = await signer.presign(
    {
      method,
      protocol: 'http:',
      hostname: 'moderato.test',
      path,
      query: Object.fromEntries(plain.query),
      headers: { host: HOST, ...headers, ...(s3 ? { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } : {}) },
    },
    {
      signingDate: new Date(NOW_MS),
      expiresIn: EXPIRES_SECONDS,
      // As the S3 presigner of the SDK has it.
      unhoistableHeaders: new Set(['x-amz-content-sha256']),
      unsignableHeaders: new Set(['x-amz-content-sha256']),
    },
  )
  return { ...query }
}

const PRESIGN_WITH_BOTOCORE = `
import datetime, json, sys
import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
job = json.load(sys.stdin)
now = datetime.datetime.fromtimestamp(job['now'], datetime.timezone.utc)
botocore.auth.get_current_datetime = lambda *a, **k: now
made = []
for r in job['requests']:
    request = AWSRequest(method=r['method'], url=r['url'], headers=r['headers'])
    auth = botocore.auth.S3SigV4QueryAuth if r['service'] == 's3' else botocore.auth.SigV4QueryAuth
    auth(Credentials(job['key'], job['secret'], r.get('sessionToken')), r['service'], 'us-east-1', expires=job['expires']).add_auth(request)
    made.append(request.url.partition('?')[2])
json.dump(made, sys.stdout)
`

function byBotocore(plain: readonly Plain[]): string[] {
  const job = {
    now: NOW_MS / 1000,
    key: ACCESS_KEY_ID,
    secret: SECRET,
    expires: EXPIRES_SECONDS,
    requests: plain.map((each) => ({ ...each, url: urlOf(each) })),
  }
  const run = spawnSync('python3', ['-c', PRESIGN_WITH_BOTOCORE], {
    input: JSON.stringify(job),
    maxBuffer: 2 ** 26,
  })
  if (run.status !== 0) throw new Error(`botocore: ${run.stderr.toString()}`)
  return JSON.parse(run.stdout.toString()) as string[]
}

function urlOf(plain: Plain): string {
  const query = queryText(plain)
  return `http://${HOST}${plain.path}${query === '' ? '' : `?${query}`}`
}
