/** Reads what a caller of the admin API sent: small, strict, and refused by the name of what is wrong. */
import type { IncomingMessage } from 'node:http'
import { z } from 'zod'
import { errorMessage } from '../core/error-message.ts'
import { AdminError } from './route.ts'

const MAX_BODY_BYTES = 64 * 1024
const NOTHING = z.strictObject({})

/** The body as its schema makes it; `{}` where none was sent. Throws `AdminError`. */
export function readBody<Body>(text: string, schema?: z.ZodType<Body>): unknown {
  let given: unknown
  try {
    given = text === '' ? {} : JSON.parse(text)
  } catch (error) {
    throw new AdminError(400, 'invalid_json', `The body is not JSON: ${errorMessage(error)}`)
  }
  return checked(given, schema ?? NOTHING, 'invalid_body')
}

/** The query as its schema makes it. Throws `AdminError`, also for a name that stands twice. */
export function readQuery<Query>(search: string, schema?: z.ZodType<Query>): unknown {
  const given: Record<string, string> = Object.create(null) as Record<string, string>
  for (const [name, value] of new URLSearchParams(search)) {
    if (name in given) throw new AdminError(400, 'invalid_query', `${JSON.stringify(name)} stands twice.`)
    given[name] = value
  }
  return checked({ ...given }, schema ?? NOTHING, 'invalid_query')
}

/** Throws `AdminError` if it is too long or no UTF-8. */
export async function bodyText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  // Not destroyed when it is too long: the refusal goes out by the same connection.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MAX_BODY_BYTES)
      throw new AdminError(413, 'body_too_large', `Send at most ${MAX_BODY_BYTES} bytes.`)
    chunks.push(chunk)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
  } catch {
    throw new AdminError(400, 'invalid_json', 'The body is not UTF-8.')
  }
}

function checked(given: unknown, schema: z.ZodType, error: string): unknown {
  const result = schema.safeParse(given)
  if (result.success) return result.data
  const found = result.error.issues.flatMap((issue) => inWords(issue, schema))
  throw new AdminError(400, error, found.join(' '))
}

/** `path: what is wrong`, with the names that may stand where an unknown one does. */
function inWords(issue: z.core.$ZodIssue, schema: z.ZodType): string[] {
  const path = issue.path.map(String).join('.')
  if (issue.code !== 'unrecognized_keys') return [`${path === '' ? '(whole)' : path}: ${issue.message}.`]
  const allowed = path === '' && schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
  const may = allowed.length === 0 ? 'nothing of that name may stand here' : `may be ${allowed.join(', ')}`
  return issue.keys.map((key) => `${JSON.stringify(path === '' ? key : `${path}.${key}`)}: ${may}.`)
}
