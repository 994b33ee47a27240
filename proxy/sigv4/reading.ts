/** The head of a request without what authenticates it. */
import { Denial } from '../core/denial/denial.ts'
import type { Authorization } from './types.ts'
import type { RequestHead } from '../core/http/request-head.ts'
import { HeaderFields } from '../core/http/headers.ts'

/**
 * A signed request as its service reads it. Of a presigned URL, headers that were moved into the query are headers
 * again, and only what it signs is read: whoever holds it may add more, which then decides nothing.
 */
export function readingOf(head: RequestHead, { presigned, signedHeaders }: Authorization): RequestHead {
  if (presigned === undefined) return head
  const { method, path, headers } = head
  const { hoisted, serviceQuery } = presigned
  for (let i = 0; i < hoisted.length; i += 2) {
    const name = hoisted[i] as string
    if (headers.has(name)) {
      throw new Denial('malformed_request', `${name} stands in a header and in the query string.`)
    }
    if (/[^\x20-\x7e]/.test(hoisted[i + 1] as string)) {
      throw new Denial('malformed_request', `${name} in the query string is not plain text.`)
    }
  }
  const signed = signedHeaders.flatMap((name) => headers.all(name).flatMap((value) => [name, value]))
  return { method, path, query: serviceQuery, headers: new HeaderFields([...signed, ...hoisted]) }
}
