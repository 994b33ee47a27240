/** Checks which header fields a request has, and which of them are signed. */
import { Denial } from '../../core/denial/denial.ts'
import type { Identified } from '../../exchange/exchange.ts'
import type { HeaderFields } from '../../core/http/headers.ts'
import { isS3Family } from '../../core/s3-family.ts'
import { signedBy } from '../../sigv4/split-headers.ts'
import type { Payload } from '../../sigv4/types.ts'
import { mayBeUnsigned, unsignedTreatment } from '../../sigv4/unsigned-headers.ts'

/** Fields beside `x-amz-*` that may come once only: readers disagree about which of several counts. */
const ONCE = new Set(['authorization', 'content-encoding', 'content-length', 'content-type', 'date', 'host'])

/** Refuses fields that the upstream could read differently: repeated or folded ones, and those that we would drop. */
export function checkFields({ headers, authorization }: Identified): void {
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
  checkConnection(headers, signedBy(authorization))
}

/** Connection names fields for this hop only (RFC 9110 7.6.1): it must not remove one that was signed or judged. */
function checkConnection(headers: HeaderFields, isSigned: (name: string) => boolean): void {
  for (const value of headers.all('connection')) {
    for (const option of value.toLowerCase().split(',')) {
      const name = option.trim()
      if (!headers.has(name) || unsignedTreatment(name) === 'connection') continue
      if (isSigned(name) || !mayBeUnsigned(name))
        throw new Denial('malformed_request', `The header Connection must not name ${name}.`)
    }
  }
}

/**
 * Refuses unsigned fields that can change what the call does: Moderato would sign what anybody may have added. The type of
 * the body is judged later, when the operation is known.
 */
export function checkSignedHeaders(exchange: Identified): void {
  const { headers, authorization } = exchange
  const isSigned = signedBy(authorization)
  if (!isSigned('host')) throw unsigned('host')
  for (const name of headers.names()) if (!isSigned(name)) checkUnsigned(exchange, name)
  for (const name of authorization.signedHeaders) {
    if (!headers.has(name === ':authority' ? 'host' : name))
      throw new Denial('bad_signature', `The signed header ${name} is not in the request.`)
  }
}

function checkUnsigned({ method, headers, authorization }: Identified, name: string): void {
  const treatment = unsignedTreatment(name)
  const isS3 = isS3Family(authorization.scope.service)
  if (treatment === 'refuse') throw unsigned(name)
  if (treatment === 'coding' && !isS3) {
    throw unsigned(
      name,
      ' It can change what the body says.',
      'Sign it, or send the body as it is, without this header.',
    )
  }
  if (treatment !== 'reading' && treatment !== 'object') return
  if (headers.repeated.includes(name))
    throw new Denial('malformed_request', `The header ${name} came more than once.`)
  if (treatment === 'object') return
  // The holder of a presigned URL of S3 may add conditions, as S3 allows. They are not read.
  const mayBeAdded = method === 'GET' || method === 'HEAD' || (isS3 && authorization.presigned !== undefined)
  if (mayBeAdded) return
  throw unsigned(
    name,
    ` With ${method} it decides whether something is changed; without a signature it counts for GET and HEAD only.`,
    'Sign it, as the AWS SDKs do.',
  )
}

/**
 * Refuses an unsigned `aws-chunked` beside a body that is not signed as one: it would have the service take frames out of
 * a body that has none for Moderato.
 */
export function checkCoding({ headers, authorization }: Identified, { kind }: Payload): void {
  if (kind === 'unsigned-trailer' || kind === 'signed-chunks') return
  const name = 'content-encoding'
  if (!headers.has(name) || signedBy(authorization)(name)) return
  if (!headers.all(name).some((value) => /aws-chunked/i.test(value))) return
  throw unsigned(name, ' It says aws-chunked, but x-amz-content-sha256 does not.', 'Leave aws-chunked out.')
}

function unsigned(name: string, more = '', next?: string): Denial {
  const detail = `The header ${name} is not signed.${more}`
  return new Denial('unsigned_header', detail, next === undefined ? {} : { next })
}
