/** Proves that the agent's secret signed this request, before a byte of the body is read where the head allows it. */
import { hash } from 'node:crypto'
import { Denial } from '../denial.ts'
import type { Identified, Payload, Verified } from '../exchange.ts'
import type { HeaderFields } from '../headers.ts'
import type { AgentStore } from '../ports.ts'
import { isS3Family } from '../s3-family.ts'
import { hashCanonicalRequest } from '../sigv4/canonical-request.ts'
import { canonicalPayloadHash, declaredPayload, EMPTY_SHA256 } from '../sigv4/payload.ts'
import { signatureMatches } from '../sigv4/signature.ts'
import { formatAmzDate, parseAmzDate, parseHttpDate } from '../sigv4/signing-date.ts'
import type { SigningKeys } from '../sigv4/signing-key.ts'
import { mayBeUnsigned } from '../sigv4/unsigned-headers.ts'

export interface ClockSkew {
  readonly maxSkewMs: number
  /** For the S3 family, which is more patient. */
  readonly maxSkewS3Ms: number
}

export interface VerifyOptions {
  readonly agents: AgentStore
  readonly clockSkew: ClockSkew
  readonly keys: SigningKeys
}

/**
 * Identified -> Verified. In this order, cheapest first (rule S9): repeated fields, date, scope, clock skew, which
 * headers are signed, what the head says of the body, the signature. Only where no hash is declared is the body read.
 */
export function verify({ agents, clockSkew, keys }: VerifyOptions) {
  return function verify(exchange: Identified): Verified | Promise<Verified> {
    const { headers, authorization, body } = exchange
    const { signedHeaders, scope } = authorization
    checkFields(headers)
    const amzDate = checkDate(exchange, clockSkew)
    checkSignedHeaders(headers, signedHeaders)

    const verified = (payload: Payload): Verified => {
      const owner = agents.find(authorization.accessKeyId)
      if (owner === undefined) throw new Denial('unknown_credential', 'The access key was withdrawn.')
      const key = keys.get(authorization.accessKeyId, owner.secretAccessKey, scope)
      const requestHash = hashCanonicalRequest(
        exchange,
        scope.service,
        signedHeaders,
        canonicalPayloadHash(payload),
      )
      if (!signatureMatches(authorization.signature, key, amzDate, scope, requestHash)) {
        throw new Denial('bad_signature', 'The signature does not match the request.')
      }
      return { ...exchange, payload }
    }
    const declared = declaredPayload(headers, scope.service)
    if (declared !== undefined) {
      const result = verified(declared)
      if (!body.present) checkEmpty(declared)
      return result
    }
    if (!body.present) return verified({ kind: 'hashed', sha256: EMPTY_SHA256 })
    return body.bytes().then((bytes) => verified({ kind: 'hashed', sha256: hash('sha256', bytes, 'hex') }))
  }
}

/** Fields beside `x-amz-*` that have one meaning only while there is one of them. */
const ONCE = new Set(['authorization', 'content-encoding', 'content-length', 'content-type', 'date', 'host'])

/** Refuses what the upstream could read differently than we do: repeated or folded fields, fields that we would drop. */
function checkFields(headers: HeaderFields): void {
  for (const name of headers.names()) {
    const values = headers.all(name)
    if (values.length > 1 && (name.startsWith('x-amz-') || ONCE.has(name))) {
      throw new Denial('malformed_request', `The field ${name} came twice.`)
    }
    for (const value of values) {
      if (/[\r\n\0]/.test(value)) {
        throw new Denial('malformed_request', `The field ${name} is folded or has a control character.`)
      }
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

/** The time of signing as the string to sign has it; refuses one that is malformed, foreign to the scope, or far off. */
function checkDate({ headers, authorization, receivedAtMs }: Identified, clockSkew: ClockSkew): string {
  const amzDate = headers.one('x-amz-date')
  const signedAtMs =
    amzDate === undefined ? signedHttpDate(headers, authorization.signedHeaders) : parseAmzDate(amzDate)
  if (signedAtMs === undefined) {
    throw new Denial('malformed_authorization', 'The request needs a signed x-amz-date, YYYYMMDDTHHMMSSZ.')
  }
  const signedAt = amzDate ?? formatAmzDate(signedAtMs)
  const { scope } = authorization
  if (scope.date !== signedAt.slice(0, 8)) {
    throw new Denial('malformed_authorization', 'The day in Credential is not the day of x-amz-date.')
  }
  const maxSkewMs = isS3Family(scope.service) ? clockSkew.maxSkewS3Ms : clockSkew.maxSkewMs
  const skewMs = receivedAtMs - signedAtMs
  if (Math.abs(skewMs) > maxSkewMs) {
    const way = skewMs > 0 ? 'ago' : 'ahead'
    const seconds = Math.round(Math.abs(skewMs) / 1000)
    throw new Denial('clock_skew', `Signed ${seconds} s ${way}; at most ${maxSkewMs / 1000} s are allowed.`)
  }
  return signedAt
}

function signedHttpDate(headers: HeaderFields, signedHeaders: readonly string[]): number | undefined {
  const date = headers.one('date')
  return date !== undefined && signedHeaders.includes('date') ? parseHttpDate(date) : undefined
}

/** Everything that can decide something must be signed: what is not would be signed anew by us on anybody's word. */
function checkSignedHeaders(headers: HeaderFields, signedHeaders: readonly string[]): void {
  if (!signedHeaders.includes('host')) throw new Denial('unsigned_header', 'The header host is not signed.')
  for (const name of headers.names()) {
    if (!signedHeaders.includes(name) && !mayBeUnsigned(name)) {
      throw new Denial('unsigned_header', `The header ${name} is not signed.`)
    }
  }
  for (const name of signedHeaders) {
    if (!headers.has(name))
      throw new Denial('bad_signature', `The signed header ${name} is not in the request.`)
  }
}

/** A body that is not there can't be checked later, as it passes. */
function checkEmpty(payload: Payload): void {
  if (payload.kind === 'unsigned') return
  if (payload.kind !== 'unsigned-trailer' && payload.sha256 === EMPTY_SHA256) return
  throw new Denial('payload_mismatch', 'The request has no body, but a hash or trailer of one.')
}
