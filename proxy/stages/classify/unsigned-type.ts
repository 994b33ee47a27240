/** Lets an unsigned content type go on where it can change nothing. */
import { typeToSend } from '../../aws/identify/unsigned-type.ts'
import type { IdentifiedOperation } from '../../aws/read-call.ts'
import type { HeaderFields } from '../../core/http/headers.ts'
import { Denial } from '../../core/denial/denial.ts'
import type { Verified } from '../../exchange/exchange.ts'

const NAME = 'content-type'
const NAMES: ReadonlySet<string> = new Set([NAME])

/**
 * Returns the fields that go on. An unsigned type stays among them if the operation's protocol has that type; an empty
 * one, and one beside no body, is dropped, since it describes nothing. Throws Denial `unsigned_header` where another reader of the type could
 * read another call.
 */
export function withUnsignedType(
  exchange: Verified,
  found: IdentifiedOperation,
  isPrivate: boolean,
): HeaderFields {
  const { headers, reading, method, body, authorization } = exchange
  if (!headers.has(NAME) || reading.headers.has(NAME)) return headers
  const type = headers.one(NAME) ?? ''
  const wanted = typeToSend(found, { type, method, scope: authorization.scope.service, isPrivate })
  if (wanted === undefined) return headers
  if (!body.present || type.trim() === '') return headers.without(NAMES)
  throw new Denial(
    'unsigned_header',
    'The header content-type is not signed, and its value is not the type that this call has: another reader could take ' +
      'the body for another call.',
    { next: `Send content-type: ${wanted}, or sign the header.` },
  )
}
