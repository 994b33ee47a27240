/** Asks a running Moderato, and reads what it answers. */
import { request, type Agent } from 'undici'
import { errorMessage } from '../error-message.ts'
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
export async function answered(
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
    return JSON.parse(text)
  } catch {
    throw new Failure(`what answers at ${origin} is not Moderato`)
  }
}
