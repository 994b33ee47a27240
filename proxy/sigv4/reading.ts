/** Gives the head of a request as its service reads it. */
import { Denial } from '../core/denial/denial.ts'
import type { Authorization } from './types.ts'
import type { RequestHead } from '../core/http/request-head.ts'
import { HeaderFields } from '../core/http/headers.ts'

/**
 * Returns a signed request as its service reads it, `deciding` being its fields that may decide something. For a
 * presigned URL, headers that were moved into the query become headers again, and only what it signs is read: its holder
 * may add more, but that decides nothing. Throws Denial `malformed_request` if a header stands twice or is not plain
 * text.
 */
export function readingOf(
  head: RequestHead,
  { presigned, signedHeaders }: Authorization,
  deciding = head.headers,
): RequestHead {
  const { method, path, query, headers } = head
  if (presigned === undefined) return deciding === headers ? head : { method, path, query, headers: deciding }
  const { hoisted, serviceQuery } = presigned
  for (let i = 0; i < hoisted.length; i += 2) {
    const name = hoisted[i] as string
    if (headers.has(name)) {
      throw new Denial('malformed_request', `${name} is in a header and in the query string; send it once.`)
    }
    if (/[^\x20-\x7e]/.test(hoisted[i + 1] as string)) {
      throw new Denial('malformed_request', `${name} in the query string is not plain text.`)
    }
  }
  const signed = signedHeaders.flatMap((name) => headers.all(name).flatMap((value) => [name, value]))
  return { method, path, query: serviceQuery, headers: new HeaderFields([...signed, ...hoisted]) }
}
