/** Checks which header fields a request has, and which of them are signed. */
import { Denial } from '../../core/denial/denial.ts'
import type { Identified } from '../../exchange/exchange.ts'
import type { HeaderFields } from '../../core/http/headers.ts'
import { isS3Family } from '../../core/s3-family.ts'
import { mayBeAddedToPresigned, mayBeUnsigned } from '../../sigv4/unsigned-headers.ts'

/** Fields beside `x-amz-*` that may come once only: readers disagree about which of several counts. */
const ONCE = new Set(['authorization', 'content-encoding', 'content-length', 'content-type', 'date', 'host'])

/** Refuses fields that the upstream could read differently: repeated or folded ones, and those that we would drop. */
export function checkFields(headers: HeaderFields): void {
  for (const name of headers.repeated) {
    if (name.startsWith('x-amz-') || ONCE.has(name)) {
      throw new Denial('malformed_request', `The header ${name} came more than once.`)
    }
  }
  for (let i = 1; i < headers.raw.length; i += 2) {
    if (/[\r\n\0]/.test(headers.raw[i] as string)) {
      const name = (headers.raw[i - 1] as string).toLowerCase()
      throw new Denial('malformed_request', `The header ${name} is folded or has a control character.`)
    }
  }
  // Connection names fields for this hop only (RFC 9110 7.6.1): it must not remove one that was signed and judged.
  for (const value of headers.all('connection')) {
    for (const option of value.toLowerCase().split(',')) {
      const name = option.trim()
      if (headers.has(name) && !mayBeUnsigned(name)) {
        throw new Denial('malformed_request', `The header Connection must not name ${name}.`)
      }
    }
  }
}

/** Refuses unsigned headers that can change the call's meaning: Moderato would sign what anybody may have added. */
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
