/** Asks a running Moderato for a task, as an agent does, and ends it. */
import { hash, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Agent, request } from 'undici'
import { z } from 'zod'
import { HeaderFields } from '../headers.ts'
import { ALGORITHM } from '../sigv4/credential.ts'
import { signRequest } from '../sigv4/sign.ts'
import { Signatures } from '../sigv4/signatures.ts'
import { formatAmzDate } from '../sigv4/signing-date.ts'

export interface ProxyPlace {
  readonly url: URL
  /** On a loopback address. */
  readonly isNear: boolean
  /** A PEM file: whose certificate to trust. */
  readonly ca: string | undefined
}

export interface Key {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
}

/** How it is proved who asks: a token of an identity provider, or an access key. */
export type Proof =
  | { readonly kind: 'token'; readonly token: string; /** A file or a socket. */ readonly from: string }
  | ({ readonly kind: 'key' } & Key)

/** What a person can do something about; `code` is Moderato's word for it, if it answered. */
export class TaskFailure extends Error {
  override readonly name = 'TaskFailure'
  readonly code: string

  constructor(message: string, code = '') {
    super(message)
    this.code = code
  }
}

export const Opened = z.object({
  task: z.object({ id: z.string(), agent: z.string(), narrowed: z.boolean(), expiresAt: z.string() }),
  credentials: z.object({
    accessKeyId: z.string(),
    secretAccessKey: z.string(),
    sessionToken: z.string(),
    expiration: z.string(),
  }),
  containerToken: z.string(),
})
export type Opened = z.output<typeof Opened>

const Reckoning = z.object({
  counts: z.object({
    calls: z.int(),
    forwarded: z.int(),
    refused: z.int(),
    failed: z.int(),
    held: z.int(),
    waitedMs: z.int(),
  }),
  leftBehind: z.array(z.object({ service: z.string(), operation: z.string(), resource: z.string() })),
  leftMore: z.int(),
})
export type Reckoning = z.output<typeof Reckoning>

/** Each call rejects with `TaskFailure`. */
export interface AgentClient {
  open(proof: Proof, body: object): Promise<Opened>
  /** How a task stands, while it is open. */
  show(key: Key, taskId: string): Promise<Reckoning>
  end(proof: Proof, taskId: string): Promise<Reckoning>
  close(): Promise<void>
}

const TASKS = '/.moderato/v1/tasks'
const ANSWERED_WITHIN_MS = 30_000

/** Throws `TaskFailure` if the authority cannot be read. Proxies that the environment names are not used. */
export function agentClient(place: ProxyPlace): AgentClient {
  const dispatcher = new Agent({
    connect: place.ca === undefined ? {} : { ca: authority(place.ca) },
    headersTimeout: ANSWERED_WITHIN_MS,
  })
  const ask = async <T>(
    proof: Proof,
    { method, path, body }: { method: string; path: string; body?: object },
    answer: z.ZodType<T>,
  ): Promise<T> => {
    const text = body === undefined ? '' : JSON.stringify(body)
    const headers =
      proof.kind === 'token'
        ? { authorization: `Bearer ${proof.token}`, ...JSON_BODY }
        : signedHeaders(proof, { method, path, text, host: place.url.host })
    return answer.parse(await answered(place, dispatcher, { method, path, text, headers }))
  }
  const pathOf = (taskId: string): string => `${TASKS}/${encodeURIComponent(taskId)}`
  return {
    open: (proof, body) => ask(proof, { method: 'POST', path: TASKS, body }, Opened),
    show: (key, taskId) => ask({ kind: 'key', ...key }, { method: 'GET', path: pathOf(taskId) }, Reckoning),
    end: (proof, taskId) => ask(proof, { method: 'DELETE', path: pathOf(taskId) }, Reckoning),
    close: () => dispatcher.close(),
  }
}

const JSON_BODY = { 'content-type': 'application/json' }

function authority(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new TaskFailure(messageOf(error))
  }
}

interface Signable {
  readonly method: string
  readonly path: string
  readonly text: string
  readonly host: string
}

/** SigV4 for the service `moderato`; the region says nothing here. */
function signedHeaders(key: Key, { method, path, text, host }: Signable): Record<string, string> {
  const payloadHash = hash('sha256', text, 'hex')
  const amzDate = formatAmzDate(Date.now())
  const scope = { date: amzDate.slice(0, 8), region: 'us-east-1', service: 'moderato' }
  const headers: Record<string, string> = {
    host,
    ...JSON_BODY,
    // Two equal requests of one second are two requests.
    'amz-sdk-invocation-id': randomUUID(),
    'x-amz-content-sha256': payloadHash,
    'x-amz-date': amzDate,
    ...(key.sessionToken === undefined ? {} : { 'x-amz-security-token': key.sessionToken }),
  }
  const fields = new HeaderFields(Object.entries(headers).flat())
  const request = { method, path, query: '', headers: fields }
  const { authorization } = signRequest(
    request,
    payloadHash,
    { algorithm: ALGORITHM, scope, amzDate },
    key,
    new Signatures(),
  )
  return { ...headers, authorization }
}

async function answered(
  { url }: ProxyPlace,
  dispatcher: Agent,
  { method, path, text, headers }: Omit<Signable, 'host'> & { readonly headers: Record<string, string> },
): Promise<unknown> {
  let status: number
  let answer: string
  try {
    const { statusCode, body } = await request(new URL(path, url), {
      method: method as 'GET' | 'POST' | 'DELETE',
      headers,
      body: text === '' ? null : text,
      dispatcher,
    })
    status = statusCode
    answer = await body.text()
  } catch (error) {
    throw new TaskFailure(`no Moderato answers at ${url.origin} (${messageOf(error)}): is it running?`)
  }
  let json: unknown
  try {
    json = JSON.parse(answer)
  } catch {
    throw new TaskFailure(`what answers at ${url.origin} is not Moderato`)
  }
  if (status === 200) return json
  const { code = 'unknown', message = answer } = json as { code?: string; message?: string }
  throw new TaskFailure(message, code)
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.message || String((error as NodeJS.ErrnoException).code)
}
