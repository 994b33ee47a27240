/** Parses the requests of the admin API: bounded and strict; a refusal names what is wrong. */
import type { IncomingMessage } from 'node:http'
import { z } from 'zod'
import { parseJson } from '../aws/protocols/document.ts'
import { Denial } from '../core/denial/denial.ts'
import { didYouMean } from '../core/did-you-mean.ts'
import { errorMessage } from '../core/error-message.ts'
import { AdminError } from './route.ts'

const MAX_BODY_BYTES = 64 * 1024
const NOTHING = z.strictObject({})

/** Parses the body by its schema; no body counts as `{}`. Throws `AdminError`, also for a member that is given twice. */
export function readBody<Body>(text: string, schema?: z.ZodType<Body>): unknown {
  let given: unknown
  try {
    given = text === '' ? {} : JSON.parse(text)
  } catch (error) {
    throw new AdminError(400, 'invalid_json', `The body is not JSON: ${errorMessage(error)}`)
  }
  checkMembers(text)
  return checked(given, schema ?? NOTHING, 'invalid_body')
}

/** `JSON.parse` keeps the last of two members of one name; whoever wrote or reads it may mean the first. */
function checkMembers(text: string): void {
  try {
    parseJson(text)
  } catch (error) {
    if (!(error instanceof Denial)) throw error
    throw new AdminError(400, 'invalid_json', error.message)
  }
}

/** Parses the query by its schema. Throws `AdminError`, also for a name that is given twice. */
export function readQuery<Query>(search: string, schema?: z.ZodType<Query>): unknown {
  const given: Record<string, string> = Object.create(null) as Record<string, string>
  for (const [name, value] of new URLSearchParams(search)) {
    if (name in given) throw new AdminError(400, 'invalid_query', `${JSON.stringify(name)} is given twice.`)
    given[name] = value
  }
  return checked({ ...given }, schema ?? NOTHING, 'invalid_query')
}

/** Reads the body as text. Throws `AdminError` if it is too long or not UTF-8. */
export async function bodyText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  // Not destroyed if it is too long: the refusal uses the same connection.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MAX_BODY_BYTES)
      throw new AdminError(
        413,
        'body_too_large',
        `The body is too long: send at most ${MAX_BODY_BYTES} bytes.`,
      )
    chunks.push(chunk)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
  } catch {
    throw new AdminError(400, 'invalid_json', 'The body is not UTF-8.')
  }
}

function checked(given: unknown, schema: z.ZodType, error: string): unknown {
  const result = schema.safeParse(given, { reportInput: true })
  if (result.success) return result.data
  const found = result.error.issues.flatMap((issue) => inWords(issue, schema))
  throw new AdminError(400, error, found.join(' '))
}

/** Returns `path: what is wrong`; for an unknown name, with the names that are allowed there. */
function inWords(issue: z.core.$ZodIssue, schema: z.ZodType): string[] {
  const path = issue.path.map(String).join('.')
  if (issue.code !== 'unrecognized_keys')
    return [`${path === '' ? '(whole)' : path}: ${issue.message}${meantOf(issue)}.`]
  const allowed = path === '' && schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
  const may = allowed.length === 0 ? 'this name is not allowed here' : `may be ${allowed.join(', ')}`
  return issue.keys.map(
    (key) => `${JSON.stringify(path === '' ? key : `${path}.${key}`)}: ${may}${didYouMean(key, allowed)}.`,
  )
}

function meantOf(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'invalid_value' || typeof issue.input !== 'string') return ''
  return didYouMean(issue.input, issue.values.map(String))
}
