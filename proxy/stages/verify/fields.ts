/** Which header fields a request may have, and which of them must be signed. */
import { Denial } from '../../core/denial/denial.ts'
import type { Identified } from '../../exchange/exchange.ts'
import type { HeaderFields } from '../../core/http/headers.ts'
import { isS3Family } from '../../core/s3-family.ts'
import { mayBeAddedToPresigned, mayBeUnsigned } from '../../sigv4/unsigned-headers.ts'

/** Fields beside `x-amz-*` that have one meaning only while there is one of them. */
const ONCE = new Set(['authorization', 'content-encoding', 'content-length', 'content-type', 'date', 'host'])

/** Refuses what the upstream could read differently than we do: repeated or folded fields, fields that we would drop. */
export function checkFields(headers: HeaderFields): void {
  for (const name of headers.repeated) {
    if (name.startsWith('x-amz-') || ONCE.has(name)) {
      throw new Denial('malformed_request', `The field ${name} came twice.`)
    }
  }
  for (let i = 1; i < headers.raw.length; i += 2) {
    if (/[\r\n\0]/.test(headers.raw[i] as string)) {
      const name = (headers.raw[i - 1] as string).toLowerCase()
      throw new Denial('malformed_request', `The field ${name} is folded or has a control character.`)
    }
  }
  // Connection names fields for this hop only (RFC 9110 7.6.1): it must not strip one that was signed and judged.
  for (const value of headers.all('connection')) {
    for (const option of value.toLowerCase().split(',')) {
      const name = option.trim()
      if (headers.has(name) && !mayBeUnsigned(name)) {
        throw new Denial('malformed_request', `Connection must not name the field ${name}.`)
      }
    }
  }
}

/** Everything that can decide something must be signed: what is not would be signed anew by us on anybody's word. */
export function checkSignedHeaders({ headers, authorization }: Identified): void {
  const { presigned, scope } = authorization
  const signedHeaders = authorization.signedHeaders.map((name) => (name === ':authority' ? 'host' : name))
  if (!signedHeaders.includes('host')) throw new Denial('unsigned_header', 'The header host is not signed.')
  const mayBeAdded = presigned !== undefined && isS3Family(scope.service)
  for (const name of headers.names()) {
    if (signedHeaders.includes(name) || mayBeUnsigned(name)) continue
    if (mayBeAdded && mayBeAddedToPresigned(name)) continue
    throw new Denial('unsigned_header', `The header ${name} is not signed.`)
  }
  for (const name of signedHeaders) {
    if (!headers.has(name))
      throw new Denial('bad_signature', `The signed header ${name} is not in the request.`)
  }
}
