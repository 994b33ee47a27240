/** Asks a running Moderato, and reads what it answers. */
import { request, type Agent } from 'undici'
import type { z } from 'zod'
import { errorMessage } from '../core/error-message.ts'
import { Failure } from './failure.ts'

export const JSON_BODY = { 'content-type': 'application/json' }

export interface Question {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** Empty: no body. */
  readonly text: string
}

export interface Answer {
  readonly status: number
  /** As it came; `json` reads it. */
  readonly text: string
  /** Throws `Failure` where it is none: whatever answers there is not Moderato. */
  json(): unknown
}

/** Rejects with `Failure` if nothing answers at `url`. */
export async function fetchAnswer(
  url: URL,
  dispatcher: Agent,
  { method, path, headers, text }: Question,
): Promise<Answer> {
  try {
    const body = text === '' ? null : text
    const answer = await request(new URL(path, url), { method, headers, body, dispatcher })
    const said = await answer.body.text()
    return { status: answer.statusCode, text: said, json: () => jsonOf(said, url) }
  } catch (error) {
    throw new Failure(`no Moderato answers at ${url.origin} (${errorMessage(error)}): is it running?`)
  }
}

function jsonOf(text: string, { origin }: URL): unknown {
  try {
    const body: unknown = JSON.parse(text)
    // A refusal of ours is an object, too.
    if (typeof body === 'object' && body !== null) return body
    throw new Error('it is no object')
  } catch {
    throw new Failure(`what answers at ${origin} is not Moderato`)
  }
}

/** An answer in the shape that it should have; a `Failure` for any other, which another version may give. */
export function fitting<T>(schema: z.ZodType<T>, body: unknown, { origin }: URL): T {
  const read = schema.safeParse(body)
  if (read.success) return read.data
  throw new Failure(`what answers at ${origin} is not Moderato, or of another version`)
}
