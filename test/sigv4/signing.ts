/** Requests as the verifying stages take them, and agents to sign them. Shared by the tests of signatures. */
import { passedStages } from '../support/facts.ts'
import { hash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { IncomingBody } from '../../proxy/core/http/message.ts'
import type { Admitted, Received, Verified } from '../../proxy/exchange/exchange.ts'
import type { SigningAlgorithm } from '../../proxy/sigv4/types.ts'
import { Denial } from '../../proxy/core/denial/denial.ts'
import { HeaderFields } from '../../proxy/core/http/headers.ts'
import type { AgentStore } from '../../proxy/core/ports.ts'
import { presign } from '../../proxy/sigv4/presign.ts'
import { signRequest } from '../../proxy/sigv4/sign.ts'
import { formatAmzDate } from '../../proxy/sigv4/signing-date.ts'
import { ALGORITHM } from '../../proxy/sigv4/credential.ts'
import { Signatures } from '../../proxy/sigv4/signatures.ts'
import { identify } from '../../proxy/stages/identify.ts'
import { verify } from '../../proxy/stages/verify/verify.ts'

export const ACCESS_KEY_ID = 'AKIDEXAMPLE'
export const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'
export const NOW_MS = Date.UTC(2026, 2, 4, 5, 6, 7)
export const EMPTY_SHA256 = hash('sha256', '', 'hex')

export const agents: AgentStore = {
  find(accessKeyId, sessionToken) {
    if (accessKeyId !== ACCESS_KEY_ID || sessionToken !== undefined) {
      throw new Denial('unknown_credential', 'There is one agent here, and it has no session.')
    }
    return {
      agent: { id: 'agent-1', root: 'agent-1', accessKeyId, session: undefined },
      secretAccessKey: SECRET,
    }
  },
}

/** A request on the wire; headers as a flat name, value list. */
export interface WireRequest {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly headers: readonly string[]
  readonly body: Buffer
}

export interface TestBody extends IncomingBody {
  /** How often the body was asked for. */
  reads: number
}

export function bodyOf(bytes: Buffer): TestBody {
  return {
    present: bytes.length > 0,
    lengthBytes: bytes.length,
    reads: 0,
    isPending: false,
    discard: () => undefined,
    abandon: () => undefined,
    bytes() {
      this.reads += 1
      return Promise.resolve(bytes)
    },
    stream() {
      this.reads += 1
      return Readable.from([bytes])
    },
  }
}

/** A request as the edge makes it; of stages before the one under test only the types have a trace. */
export type ReceivedForTest = ReturnType<typeof passedStages<Received & { readonly body: TestBody }>>

export function received(request: WireRequest, receivedAtMs = NOW_MS): ReceivedForTest {
  return passedStages({
    requestId: 'request-1',
    httpVersion: '1.1',
    receivedAtMs,
    method: request.method,
    path: request.path,
    query: request.query,
    headers: new HeaderFields(request.headers),
    body: bodyOf(request.body),
    client: { address: '127.0.0.1', gone: new AbortController().signal },
    reply: undefined as unknown as ServerResponse,
  })
}

const identified = identify({ agents })
const verified = verify({
  agents,
  clockSkew: { maxSkewMs: 300_000, maxSkewS3Ms: 900_000 },
  signatures: new Signatures(),
})

/** Runs both stages, as the pipeline does. */
export async function accept(exchange: Received): Promise<Verified & Admitted> {
  return passedStages(await verified(identified(passedStages(exchange))))
}

/** The reason for which the two stages refuse; undefined if they do not. */
export async function refusal(exchange: Received): Promise<string | undefined> {
  try {
    await accept(exchange)
    return undefined
  } catch (error) {
    if (error instanceof Denial) return error.reason
    throw error
  }
}

export interface Signing {
  readonly algorithm?: SigningAlgorithm
  readonly service?: string
  readonly region?: string
  readonly signedAtMs?: number
  /** What stands for the body; the SHA-256 of the body if not given. */
  readonly payloadHash?: string
  /** Whether to send it as `x-amz-content-sha256`. */
  readonly declared?: boolean
}

/** A request signed by Moderato's own signer; the other signers are in conformance/. */
export function signed(request: Partial<WireRequest> = {}, options: Signing = {}): WireRequest {
  const { algorithm = ALGORITHM, service = 'dynamodb', signedAtMs = NOW_MS, declared = true } = options
  const region = options.region ?? (algorithm === ALGORITHM ? 'us-east-1' : '*')
  const body = request.body ?? Buffer.alloc(0)
  const payloadHash = options.payloadHash ?? hash('sha256', body, 'hex')
  const amzDate = formatAmzDate(signedAtMs)
  const headers = ['Host', 'moderato.test:8080', 'X-Amz-Date', amzDate, ...(request.headers ?? [])]
  if (declared) headers.push('X-Amz-Content-Sha256', payloadHash)
  if (algorithm !== ALGORITHM) headers.push('X-Amz-Region-Set', region)
  const { method = 'POST', path = '/', query = '' } = request
  const { authorization } = signRequest(
    { method, path, query, headers: new HeaderFields(headers) },
    payloadHash,
    { algorithm, scope: { date: amzDate.slice(0, 8), region, service }, amzDate },
    { accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET },
    new Signatures(),
  )
  return { method, path, query, headers: [...headers, 'Authorization', authorization], body }
}

export interface Presigning extends Signing {
  readonly expiresSeconds?: number
}

/** The request, signed in its query string; by default S3's, with the body left unsigned. */
export function presigned(request: Partial<WireRequest> = {}, options: Presigning = {}): WireRequest {
  const { algorithm = ALGORITHM, service = 's3', signedAtMs = NOW_MS, expiresSeconds = 300 } = options
  const region = options.region ?? (algorithm === ALGORITHM ? 'us-east-1' : '*')
  const { method = 'GET', path = '/bucket/key', query: own = '', body = Buffer.alloc(0) } = request
  const headers = ['Host', 'moderato.test:8080', ...(request.headers ?? [])]
  const amzDate = formatAmzDate(signedAtMs)
  const payloadHash =
    options.payloadHash ?? (service === 's3' ? 'UNSIGNED-PAYLOAD' : hash('sha256', body, 'hex'))
  const query = presign(
    { method, path, query: own, headers: new HeaderFields(headers) },
    payloadHash,
    {
      algorithm,
      scope: { date: amzDate.slice(0, 8), region, service },
      amzDate,
      expiresSeconds,
    },
    { accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET },
    new Signatures(),
  )
  return { method, path, query, headers, body }
}

/** The request with one header's value replaced. */
export function withHeader(request: WireRequest, name: string, value: string): WireRequest {
  const headers = [...request.headers]
  for (let i = 0; i < headers.length; i += 2)
    if (headers[i]?.toLowerCase() === name.toLowerCase()) headers[i + 1] = value
  return { ...request, headers }
}

export function withoutHeader(request: WireRequest, name: string): WireRequest {
  const headers: string[] = []
  for (let i = 0; i + 1 < request.headers.length; i += 2) {
    const [key = '', value = ''] = request.headers.slice(i, i + 2)
    if (key.toLowerCase() !== name.toLowerCase()) headers.push(key, value)
  }
  return { ...request, headers }
}

export function headerOf(request: WireRequest, name: string): string {
  return new HeaderFields(request.headers).one(name) ?? ''
}
