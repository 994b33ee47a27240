/** Sends a request to a running Moderato and reads the answer. */
import type { IncomingMessage } from 'node:http'
import { text as textOf } from 'node:stream/consumers'
import type { z } from 'zod'
import { errorMessage } from '../core/error-message.ts'
import { Failure } from './failure.ts'

export const JSON_BODY = { 'content-type': 'application/json' }

export interface Question {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** The body; empty for none. */
  readonly text: string
}

export interface Answer {
  readonly status: number
  /** The body as it came. */
  readonly text: string
  /** True if the port for agents answered. */
  readonly isForAgents: boolean
  /** Parses the body; throws `Failure` if it is no JSON object: then the server is not Moderato. */
  json(): unknown
}

/** Says how to connect, and how long the server may be silent. */
export interface Connection {
  /** By TLS with these, or to a socket of this machine. */
  readonly connect: {
    readonly ca?: Buffer
    readonly cert?: Buffer
    readonly key?: Buffer
    readonly socketPath?: string
  }
  readonly silentMs: number
}

/**
 * Sends a request on a connection of its own; rejects with `Failure` if nothing answers at `url`. Node's own client takes a
 * third of the time to load that undici takes, and a command sends one request. It uses no proxy of the environment.
 */
export async function fetchAnswer(url: URL, connection: Connection, question: Question): Promise<Answer> {
  try {
    const answer = await sent(url, connection, question)
    const said = await textOf(answer)
    const isForAgents = answer.headers['x-moderato-decision'] !== undefined
    return { status: answer.statusCode ?? 0, text: said, isForAgents, json: () => jsonOf(said, url) }
  } catch (error) {
    throw new Failure(`no Moderato answers at ${url.origin} (${errorMessage(error)}): is it running?`)
  }
}

async function sent(
  url: URL,
  { connect, silentMs }: Connection,
  { method, path, headers, text }: Question,
): Promise<IncomingMessage> {
  const { request } = url.protocol === 'https:' ? await import('node:https') : await import('node:http')
  const length = text === '' ? {} : { 'content-length': String(Buffer.byteLength(text)) }
  const options = { method, headers: { ...headers, ...length }, agent: false, ...connect } as const
  return new Promise((resolve, reject) => {
    const asked = request(new URL(path, url), options, resolve).on('error', reject)
    asked.setTimeout(silentMs, () => asked.destroy(new Error(`no answer within ${silentMs / 1_000} s`)))
    asked.end(text)
  })
}

function jsonOf(text: string, { origin }: URL): unknown {
  try {
    const body: unknown = JSON.parse(text)
    // Moderato's refusals are objects, too.
    if (typeof body === 'object' && body !== null) return body
    throw new Error('it is no object')
  } catch {
    throw new Failure(`the server at ${origin} is not Moderato`)
  }
}

/** Parses an answer by its schema; throws `Failure` for another shape, which another version may send. */
export function fitting<T>(schema: z.ZodType<T>, body: unknown, { origin }: URL): T {
  const read = schema.safeParse(body)
  if (read.success) return read.data
  throw new Failure(`the server at ${origin} is not Moderato, or is another version of it`)
}
