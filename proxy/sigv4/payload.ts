/** Reads what the head of a request says about its body: `x-amz-content-sha256` and the headers that belong to it. */
import { Denial } from '../core/denial/denial.ts'
import type { Payload, SigningAlgorithm } from './types.ts'
import type { HeaderFields } from '../core/http/headers.ts'
import { isS3Family } from '../core/s3-family.ts'
import { CHECKSUM_TRAILERS } from './checksum.ts'
import { ALGORITHM } from './credential.ts'

/** Is the SHA-256 (hex) of an empty body. */
export const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

const SHA256 = /^[0-9a-f]{64}$/
const UNSIGNED = 'UNSIGNED-PAYLOAD'
const UNSIGNED_TRAILER = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'
const SIGNED_EVENTS = 'STREAMING-AWS4-HMAC-SHA256-EVENTS'
const TRAILER = '-TRAILER'

/**
 * Returns the payload that the head declares; undefined if only the body itself can tell. `algorithm` is that of the
 * request's own signature: the chunks of a body are signed with the same. Throws a Denial if the headers are malformed
 * or the form is not supported.
 */
export function declaredPayload(
  headers: HeaderFields,
  service: string,
  algorithm: SigningAlgorithm = ALGORITHM,
): Payload | undefined {
  const declared = headers.one('x-amz-content-sha256')
  if (declared === undefined) {
    if (!isS3Family(service)) return undefined
    throw new Denial('malformed_authorization', 'The header x-amz-content-sha256 is missing.')
  }
  if (SHA256.test(declared)) return { kind: 'declared', sha256: declared }
  if (declared === UNSIGNED) return { kind: 'unsigned' }
  if (declared.startsWith('STREAMING-')) {
    const streamed = streamedPayload(declared, headers, service, algorithm)
    if (streamed !== undefined) return streamed
    throw new Denial('unsupported_signature', `A body of the form ${shown(declared)} is not supported here.`)
  }
  throw new Denial(
    'malformed_request',
    'x-amz-content-sha256 must be the SHA-256 of the body in lower-case hex.',
  )
}

/** Returns the text that stands for the body in the canonical request. */
export function canonicalPayloadHash(payload: Payload): string {
  if (payload.kind === 'unsigned') return UNSIGNED
  if (payload.kind === 'unsigned-trailer') return UNSIGNED_TRAILER
  if (payload.kind === 'signed-chunks' || payload.kind === 'signed-events') return payload.form
  return payload.sha256
}

function streamedPayload(
  form: string,
  headers: HeaderFields,
  service: string,
  algorithm: SigningAlgorithm,
): Payload | undefined {
  if (!isS3Family(service)) {
    return form === SIGNED_EVENTS && algorithm === ALGORITHM ? { kind: 'signed-events', form } : undefined
  }
  const signedForm = `STREAMING-${algorithm}-PAYLOAD`
  if (form === signedForm) {
    if (headers.has('x-amz-trailer')) {
      throw new Denial('malformed_request', `x-amz-trailer needs a body of the form ${signedForm}${TRAILER}.`)
    }
    return { kind: 'signed-chunks', form, decodedLengthBytes: decodedLength(headers), trailers: [] }
  }
  if (form !== UNSIGNED_TRAILER && form !== signedForm + TRAILER) return undefined
  const decodedLengthBytes = decodedLength(headers)
  const trailers = namedTrailers(headers)
  return form === UNSIGNED_TRAILER
    ? { kind: 'unsigned-trailer', decodedLengthBytes, trailers }
    : { kind: 'signed-chunks', form, decodedLengthBytes, trailers }
}

function decodedLength(headers: HeaderFields): number {
  const length = headers.one('x-amz-decoded-content-length') ?? ''
  if (/^\d{1,15}$/.test(length)) return Number(length)
  throw new Denial(
    'malformed_request',
    'x-amz-decoded-content-length must be the length of the body in bytes.',
  )
}

function namedTrailers(headers: HeaderFields): readonly string[] {
  const trailers = (headers.one('x-amz-trailer') ?? '').split(',').map((name) => name.trim().toLowerCase())
  for (const name of trailers) {
    if (!CHECKSUM_TRAILERS.has(name)) {
      throw new Denial(
        'malformed_request',
        `x-amz-trailer must name one of ${[...CHECKSUM_TRAILERS].join(', ')}.`,
      )
    }
  }
  if (new Set(trailers).size !== trailers.length)
    throw new Denial('malformed_request', 'x-amz-trailer has the same name twice.')
  return trailers
}

/** Returns the form if it has only usual letters; the agent chose it, so other text is not repeated. */
function shown(form: string): string {
  return /^[A-Z0-9-]{1,64}$/.test(form) ? form : 'STREAMING-...'
}
