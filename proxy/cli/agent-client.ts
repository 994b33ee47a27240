/** Opens and ends tasks of a running Moderato, as an agent does. */
import { hash, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { CallCounts } from '../core/call-counts.ts'
import { errorMessage } from '../core/error-message.ts'
import { HeaderFields } from '../core/http/headers.ts'
import { ALGORITHM } from '../sigv4/credential.ts'
import { signRequest } from '../sigv4/sign.ts'
import { Signatures } from '../sigv4/signatures.ts'
import { formatAmzDate } from '../sigv4/signing-date.ts'
import { fetchAnswer, fitting, JSON_BODY, type Answer, type Question } from './http-answer.ts'
import { Failure } from './failure.ts'

/** Says where the proxy is. */
export interface ProxyPlace {
  readonly url: URL
  /** True for a loopback address. */
  readonly isNear: boolean
  /** A PEM file with the certificates to trust. */
  readonly ca: string | undefined
}

export interface Key {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
}

/** A Proof proves the identity of the caller: a token of an identity provider, or an access key. */
export type Proof =
  | { readonly kind: 'token'; readonly token: string; /** A file or a socket. */ readonly from: string }
  | ({ readonly kind: 'key' } & Key)

/** Parses the answer to a task that was opened. */
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

const TaskSummaryAnswer = z.object({
  counts: CallCounts,
  leftBehind: z.array(z.object({ service: z.string(), operation: z.string(), resource: z.string() })),
  leftMore: z.int(),
})
export type TaskSummaryAnswer = z.output<typeof TaskSummaryAnswer>

const Ended = TaskSummaryAnswer.extend({ task: z.object({ ended: z.boolean() }) })

/** An AgentClient calls the agent API. Each call rejects with `Failure`. */
export interface AgentClient {
  open(proof: Proof, body: object): Promise<Opened>
  /** Returns the counts of an open task. */
  show(key: Key, taskId: string): Promise<TaskSummaryAnswer>
  end(proof: Proof, taskId: string): Promise<TaskSummaryAnswer>
}

const TASKS = '/.moderato/v1/tasks'
const ANSWERED_WITHIN_MS = 30_000

/** Creates a client; throws `Failure` if the CA file cannot be read. */
export function agentClient(place: ProxyPlace): AgentClient {
  const connect = place.ca === undefined ? {} : { ca: authority(place.ca) }
  const connection = { connect, silentMs: ANSWERED_WITHIN_MS }
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
    const said = await fetchAnswer(place.url, connection, { method, path, text, headers })
    return fitting(answer, meant(said), place.url)
  }
  const pathOf = (taskId: string): string => `${TASKS}/${encodeURIComponent(taskId)}`
  return {
    open: (proof, body) => ask(proof, { method: 'POST', path: TASKS, body }, Opened),
    show: (key, taskId) =>
      ask({ kind: 'key', ...key }, { method: 'GET', path: pathOf(taskId) }, TaskSummaryAnswer),
    async end(proof, taskId) {
      const { task, ...summary } = await ask(proof, { method: 'DELETE', path: pathOf(taskId) }, Ended)
      if (task.ended) return summary
      throw new Failure(`this agent has no open task ${taskId}`)
    },
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

/** Signs with SigV4 for the service `moderato`; the region does not matter. */
function signedHeaders(key: Key, { method, path, text, host }: Signable): Record<string, string> {
  const payloadHash = hash('sha256', text, 'hex')
  const amzDate = formatAmzDate(Date.now())
  const scope = { date: amzDate.slice(0, 8), region: 'us-east-1', service: 'moderato' }
  const headers: Record<string, string> = {
    host,
    ...JSON_BODY,
    // Two equal requests in one second must have different signatures.
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

/** Returns the JSON of an answer; throws the text of a refusal as `Failure`. */
function meant(answer: Answer): unknown {
  const body = answer.json()
  if (answer.status === 200) return body
  const { code = 'unknown', message = answer.text } = body as { code?: string; message?: string }
  throw new Failure(message, code)
}
