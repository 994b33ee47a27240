/** Sends a request to a running Moderato and reads the answer. */
import { request, type Agent } from 'undici'
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

/** Sends a request; rejects with `Failure` if nothing answers at `url`. */
export async function fetchAnswer(
  url: URL,
  dispatcher: Agent,
  { method, path, headers, text }: Question,
): Promise<Answer> {
  try {
    const body = text === '' ? null : text
    const answer = await request(new URL(path, url), { method, headers, body, dispatcher })
    const said = await answer.body.text()
    const isForAgents = answer.headers['x-moderato-decision'] !== undefined
    return { status: answer.statusCode, text: said, isForAgents, json: () => jsonOf(said, url) }
  } catch (error) {
    throw new Failure(`no Moderato answers at ${url.origin} (${errorMessage(error)}): is it running?`)
  }
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
