/**
 * Signs an outgoing request in its `Authorization` header.
 *
 * Verification uses the same canonical request, so what was verified is what is signed. A full `@smithy/signature-v4`
 * request signature costs 45 us of CPU, more than the whole pipeline may; it is the oracle of this file's tests.
 */
import type { CredentialScope, SigningAlgorithm } from './types.ts'
import { memoize } from '../core/memoize.ts'
import { hashCanonicalRequest, type SignableRequest } from './canonical-request.ts'
import { scopeText } from './credential.ts'
import type { AccessKey, Signatures } from './signatures.ts'
import { mayBeUnsigned } from './unsigned-headers.ts'

/** Holds what a signature needs besides the request and the key. */
export interface SigningInput {
  readonly algorithm: SigningAlgorithm
  readonly scope: CredentialScope
  /** `YYYYMMDDTHHMMSSZ`, equal to the request's `x-amz-date`. */
  readonly amzDate: string
}

/** Holds the result of signing a request. */
export interface SignedHead {
  /** The value of the `Authorization` header. */
  readonly authorization: string
  /** The signature in it, where the signature chain of a body's chunks starts. */
  readonly signature: string
}

/**
 * Signs every header of `request` except those that the SDKs leave unsigned. `host`, `x-amz-date` and, for temporary
 * credentials, `x-amz-security-token` must be in it already.
 */
export function signRequest(
  request: SignableRequest,
  payloadHash: string,
  { algorithm, scope, amzDate }: SigningInput,
  owner: AccessKey,
  signatures: Signatures,
): SignedHead {
  const signedHeaders = signedHeadersOf(request)
  const requestHash = hashCanonicalRequest(request, scope.service, signedHeaders, payloadHash)
  const signature = signatures.make(algorithm, owner, amzDate, scope, requestHash)
  const credential = `${owner.accessKeyId}/${scopeText(algorithm, scope)}`
  return {
    authorization: `${algorithm} Credential=${credential}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`,
    signature,
  }
}

/** Returns the names of the headers that our signature covers, in lower case and sorted. */
export function signedHeadersOf({ headers }: SignableRequest): readonly string[] {
  return signedAmong(headers.lowerNames.join('\n'))
}

/** Most clients send the same headers, so results are kept. No name has a line feed, and every request has a host. */
const signedAmong = memoize(
  (names) => Object.freeze([...new Set(names.split('\n'))].filter((name) => !mayBeUnsigned(name)).sort()),
  { most: 1_000, longest: 1_024 },
)
