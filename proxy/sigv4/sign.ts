/**
 * Signs an outgoing request. One purpose, one file: another signer can take its place.
 *
 * The canonical request is the one that verifies, so what was verified is what is signed. A full
 * `@smithy/signature-v4` request signature costs 45 us of CPU, more than the whole pipeline may; it is the oracle of
 * this file's tests.
 */
import type { CredentialScope } from '../exchange.ts'
import type { Credentials } from '../ports.ts'
import { ALGORITHM } from './authorization.ts'
import { hashCanonicalRequest, type SignableRequest } from './canonical-request.ts'
import { signature } from './signature.ts'
import type { SigningKeys } from './signing-key.ts'
import { mayBeUnsigned } from './unsigned-headers.ts'

export interface SigningScope {
  readonly region: string
  readonly service: string
  /** `YYYYMMDDTHHMMSSZ`, equal to the request's `x-amz-date`. */
  readonly amzDate: string
}

/**
 * The value of the `Authorization` header. Every header of `request` is signed but those that the SDKs leave
 * unsigned; `host`, `x-amz-date` and, for temporary credentials, `x-amz-security-token` must be in it already.
 */
export function signRequest(
  request: SignableRequest,
  payloadHash: string,
  { region, service, amzDate }: SigningScope,
  credentials: Credentials,
  keys: SigningKeys,
): string {
  const signedHeaders: string[] = []
  for (const name of request.headers.names()) if (!mayBeUnsigned(name)) signedHeaders.push(name)
  signedHeaders.sort()
  const scope: CredentialScope = { date: amzDate.slice(0, 8), region, service }
  const key = keys.get(credentials.accessKeyId, credentials.secretAccessKey, scope)
  const requestHash = hashCanonicalRequest(request, service, signedHeaders, payloadHash)
  const credential = `${credentials.accessKeyId}/${scope.date}/${region}/${service}/aws4_request`
  const made = signature(key, amzDate, scope, requestHash)
  return `${ALGORITHM} Credential=${credential}, SignedHeaders=${signedHeaders.join(';')}, Signature=${made}`
}
