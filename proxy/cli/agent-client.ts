/** Asks a running Moderato for a task, as an agent does, and ends it. */
import { hash, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Agent } from 'undici'
import { z } from 'zod'
import { errorMessage } from '../core/error-message.ts'
import { HeaderFields } from '../core/http/headers.ts'
import { ALGORITHM } from '../sigv4/credential.ts'
import { signRequest } from '../sigv4/sign.ts'
import { Signatures } from '../sigv4/signatures.ts'
import { formatAmzDate } from '../sigv4/signing-date.ts'
import { fetchAnswer, fitting, JSON_BODY, type Answer, type Question } from './http-answer.ts'
import { Failure } from './failure.ts'

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

const Ended = Reckoning.extend({ task: z.object({ ended: z.boolean() }) })

/** Each call rejects with `Failure`. */
export interface AgentClient {
  open(proof: Proof, body: object): Promise<Opened>
  /** How a task stands, while it is open. */
  show(key: Key, taskId: string): Promise<Reckoning>
  end(proof: Proof, taskId: string): Promise<Reckoning>
  close(): Promise<void>
}

const TASKS = '/.moderato/v1/tasks'
const ANSWERED_WITHIN_MS = 30_000

/** Throws `Failure` if the authority cannot be read. Proxies that the environment names are not used. */
export function agentClient(place: ProxyPlace): AgentClient {
  const dispatcher = new Agent({
    connect: place.ca === undefined ? {} : { ca: authority(place.ca) },
    headersTimeout: ANSWERED_WITHIN_MS,
  })
  const ask = async <T>(
    proof: Proof,
    { method, path, body }: Pick<Question, 'method' | 'path'> & { readonly body?: object },
    answer: z.ZodType<T>,
  ): Promise<T> => {
    const text = body === undefined ? '' : JSON.stringify(body)
    const headers =
      proof.kind === 'token'
        ? { authorization: `Bearer ${proof.token}`, ...JSON_BODY }
        : signedHeaders(proof, { method, path, text, host: place.url.host })
    const said = await fetchAnswer(place.url, dispatcher, { method, path, text, headers })
    return fitting(answer, meant(said), place.url)
  }
  const pathOf = (taskId: string): string => `${TASKS}/${encodeURIComponent(taskId)}`
  return {
    open: (proof, body) => ask(proof, { method: 'POST', path: TASKS, body }, Opened),
    show: (key, taskId) => ask({ kind: 'key', ...key }, { method: 'GET', path: pathOf(taskId) }, Reckoning),
    async end(proof, taskId) {
      const { task, ...summary } = await ask(proof, { method: 'DELETE', path: pathOf(taskId) }, Ended)
      if (task.ended) return summary
      throw new Failure(`no task ${taskId} of this agent is open`)
    },
    close: () => dispatcher.close(),
  }
}

function authority(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new Failure(errorMessage(error))
  }
}

type Signable = Omit<Question, 'headers'> & { readonly host: string }

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

/** A refusal is thrown in its own words. */
function meant(answer: Answer): unknown {
  const body = answer.json()
  if (answer.status === 200) return body
  const { code = 'unknown', message = answer.text } = body as { code?: string; message?: string }
  throw new Failure(message, code)
}
