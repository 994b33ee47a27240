/** Three independent SigV4 signers, for requests that they all can sign. */
import { spawnSync } from 'node:child_process'
import { createHash, createHmac, type BinaryLike } from 'node:crypto'
import { createRequire } from 'node:module'
import { SignatureV4 } from '@smithy/signature-v4'
import fc from 'fast-check'
import { formatAmzDate } from '../../proxy/sigv4/signing-date.ts'
import { ACCESS_KEY_ID, NOW_MS, SECRET, type WireRequest } from '../sigv4/signing.ts'

export interface Unsigned {
  readonly service: string
  readonly region: string
  readonly method: string
  readonly path: string
  readonly query: readonly (readonly [string, string])[]
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export interface Signer {
  readonly name: string
  readonly missing: string | undefined
  /** Headers as they would go on the wire, `host` and `authorization` among them. */
  sign(requests: readonly Unsigned[]): Promise<WireRequest[]>
}

export const HOST = 'moderato.test:8080'

export function encodeRfc3986(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}

function queryText(request: Unsigned): string {
  return request.query.map(([name, value]) => `${encodeRfc3986(name)}=${encodeRfc3986(value)}`).join('&')
}

function wire(request: Unsigned, headers: Record<string, string>): WireRequest {
  const { method, path, body } = request
  return { method, path, query: queryText(request), headers: Object.entries(headers).flat(), body }
}

export class Sha256 {
  readonly #hash
  constructor(secret?: BinaryLike) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret)
  }
  update(data: Uint8Array): void {
    this.#hash.update(data)
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest()
  }
  reset(): void {}
}

const credentials = { accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET }

const smithy: Signer = {
  name: '@smithy/signature-v4',
  missing: undefined,
  sign: (requests) =>
    Promise.all(
      requests.map(async (request) => {
        const { service, region } = request
        // As the S3 client does; the others leave both at their defaults.
        const s3 = service === 's3' ? { uriEscapePath: false, applyChecksum: true } : {}
        const signer = new SignatureV4({ service, region, credentials, sha256: Sha256 as never, ...s3 })
        const query: Record<string, string[]> = {}
        for (const [name, value] of request.query) (query[name] ??= []).push(value)
        const made = await signer.sign(
          {
            method: request.method,
            protocol: 'http:',
            hostname: 'moderato.test',
            path: request.path,
            query,
            headers: { host: HOST, ...request.headers },
            body: request.body,
          },
          { signingDate: new Date(NOW_MS) },
        )
        return wire(request, made.headers)
      }),
    ),
}

interface Aws4 {
  sign(options: object, credentials: object): { headers: Record<string, string | number> }
}
const aws4 = createRequire(import.meta.url)('aws4') as Aws4

const aws4Signer: Signer = {
  name: 'aws4',
  missing: undefined,
  sign: async (requests) =>
    requests.map((request) => {
      const { service, region, method, body } = request
      const path = request.query.length > 0 ? `${request.path}?${queryText(request)}` : request.path
      const headers = { Host: HOST, 'X-Amz-Date': formatAmzDate(NOW_MS), ...request.headers }
      const made = aws4.sign({ service, region, method, path, body, headers }, credentials)
      const asText = Object.fromEntries(
        Object.entries(made.headers).map(([name, value]) => [name, String(value)]),
      )
      return wire(request, asText)
    }),
}

const SIGN_WITH_BOTOCORE = `
import base64, datetime, json, sys
import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
job = json.load(sys.stdin)
now = datetime.datetime.fromtimestamp(job['now'], datetime.timezone.utc)
botocore.auth.get_current_datetime = lambda *a, **k: now
made = []
for r in job['requests']:
    request = AWSRequest(method=r['method'], url=r['url'], headers=r['headers'], data=base64.b64decode(r['body']))
    auth = botocore.auth.S3SigV4Auth if r['service'] == 's3' else botocore.auth.SigV4Auth
    auth(Credentials(job['key'], job['secret']), r['service'], r['region']).add_auth(request)
    made.append(dict(request.headers.items()))
json.dump(made, sys.stdout)
`

const botocoreMissing =
  spawnSync('python3', ['-c', 'import botocore.auth as a; a.get_current_datetime']).status === 0
    ? undefined
    : 'python3 with botocore 1.40 or newer'

const botocore: Signer = {
  name: 'botocore',
  missing: botocoreMissing,
  async sign(requests) {
    const job = {
      now: NOW_MS / 1000,
      key: ACCESS_KEY_ID,
      secret: SECRET,
      requests: requests.map((request) => ({
        ...request,
        url: `http://${HOST}${request.path}${request.query.length > 0 ? `?${queryText(request)}` : ''}`,
        body: request.body.toString('base64'),
      })),
    }
    const run = spawnSync('python3', ['-c', SIGN_WITH_BOTOCORE], {
      input: JSON.stringify(job),
      maxBuffer: 2 ** 26,
    })
    if (run.status !== 0) throw new Error(`botocore: ${run.stderr.toString()}`)
    const made = JSON.parse(run.stdout.toString()) as Record<string, string>[]
    return requests.map((request, i) => wire(request, { Host: HOST, ...made[i] }))
  },
}

export const signers: readonly Signer[] = [smithy, aws4Signer, botocore]

/** Requests that every signer encodes alike: no repeated query names, no `%2F` in S3 keys, no dot segments. */
export function unsignedRequest(): fc.Arbitrary<Unsigned> {
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).map((s) => s.toWellFormed())
  const segment = text.filter((s) => !/[/\\]/.test(s) && s !== '.' && s !== '..')
  const path = fc
    .array(segment, { maxLength: 4 })
    .map((segments) => `/${segments.map(encodeRfc3986).join('/')}`)
  const s3Path = fc
    .tuple(path, fc.constantFrom('', '/', '//x', '/a%2Bb', '/%2541', '/key%20with%20blanks'))
    .map(([start, end]) => (start === '/' ? `/bucket${end}` : `${start}${end}`))
  const value = fc.stringMatching(/^[!-~]{1,12}(?: {1,3}[!-~]{1,12}){0,2}$/)
  return fc.constantFrom('dynamodb', 's3', 'sqs', 'lambda', 'execute-api').chain((service) =>
    fc.record({
      service: fc.constant(service),
      region: fc.constantFrom('us-east-1', 'eu-central-1', 'us-gov-west-1'),
      method: fc.constantFrom('GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'HEAD'),
      path: service === 's3' ? s3Path : path,
      query: fc.uniqueArray(
        fc.tuple(
          text,
          fc.string({ unit: 'grapheme', maxLength: 6 }).map((s) => s.toWellFormed()),
        ),
        {
          selector: ([name]) => name,
          maxLength: 3,
        },
      ),
      headers: fc.record(
        { 'x-amz-target': value, 'X-Amz-Acl': value, 'if-match': value, 'Content-Type': value },
        { requiredKeys: ['Content-Type'] },
      ),
      body: fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
    }),
  )
}
