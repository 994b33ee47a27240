/** What the head of a request says about its body: `x-amz-content-sha256` and the headers that belong to it. */
import { Denial } from '../denial.ts'
import type { Payload } from '../exchange.ts'
import type { HeaderFields } from '../headers.ts'
import { isS3Family } from '../s3-family.ts'
import { CHECKSUM_TRAILERS } from './checksum.ts'

export const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

const SHA256 = /^[0-9a-f]{64}$/
const UNSIGNED = 'UNSIGNED-PAYLOAD'
const UNSIGNED_TRAILER = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'

/** The payload that the head declares; undefined if only the body itself can tell. */
export function declaredPayload(headers: HeaderFields, service: string): Payload | undefined {
  const declared = headers.one('x-amz-content-sha256')
  if (declared === undefined) {
    if (!isS3Family(service)) return undefined
    throw new Denial('malformed_authorization', 'The header x-amz-content-sha256 is missing.')
  }
  if (SHA256.test(declared)) return { kind: 'declared', sha256: declared }
  if (declared === UNSIGNED) return { kind: 'unsigned' }
  if (declared === UNSIGNED_TRAILER && isS3Family(service)) return unsignedTrailer(headers)
  if (declared.startsWith('STREAMING-')) {
    throw new Denial(
      'unsupported_signature',
      'Signed chunks and event streams are not served yet; let the SDK send a trailing checksum ' +
        '(request_checksum_calculation: when_supported) or the hash of the whole body.',
    )
  }
  throw new Denial(
    'malformed_request',
    'x-amz-content-sha256 must be the SHA-256 of the body in lower-case hex.',
  )
}

/** What stands for the body in the canonical request. */
export function canonicalPayloadHash(payload: Payload): string {
  if (payload.kind === 'unsigned') return UNSIGNED
  if (payload.kind === 'unsigned-trailer') return UNSIGNED_TRAILER
  return payload.sha256
}

function unsignedTrailer(headers: HeaderFields): Payload {
  const length = headers.one('x-amz-decoded-content-length') ?? ''
  if (!/^\d{1,15}$/.test(length)) {
    throw new Denial(
      'malformed_request',
      'x-amz-decoded-content-length must be the length of the body in bytes.',
    )
  }
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
    throw new Denial('malformed_request', 'x-amz-trailer names one twice.')
  return { kind: 'unsigned-trailer', decodedLengthBytes: Number(length), trailers }
}
