/** Signs an outgoing request in its query string (AWS General Reference, "Authenticating requests: query parameters"). */
import type { Credentials } from '../core/ports.ts'
import { encode, hashCanonicalRequest, type SignableRequest } from './canonical-request.ts'
import { ALGORITHM, scopeText } from './credential.ts'
import { signedHeadersOf, type SigningInput } from './sign.ts'
import type { Signatures } from './signatures.ts'

/** Describes how to presign a request. */
export interface Presigning extends SigningInput {
  readonly expiresSeconds: number
  /** Names in lower case, sorted, with `host` among them; by default every header that must be signed. */
  readonly signedHeaders?: readonly string[]
}

/**
 * Returns the query string that authenticates `request`: its own, byte for byte, then the `X-Amz-*` parameters, the
 * signature last. `request` must have none of them yet, and no header that repeats them (`x-amz-date`,
 * `x-amz-security-token`): the date and the session token go into the query.
 */
export function presign(
  request: SignableRequest,
  payloadHash: string,
  { algorithm, amzDate, scope, expiresSeconds, signedHeaders = signedHeadersOf(request) }: Presigning,
  owner: Credentials,
  signatures: Signatures,
): string {
  const parameters: (readonly [string, string])[] = [
    ['Algorithm', algorithm],
    ['Credential', `${owner.accessKeyId}/${scopeText(algorithm, scope)}`],
    ['Date', amzDate],
    ['Expires', String(expiresSeconds)],
  ]
  if (algorithm !== ALGORITHM) parameters.push(['Region-Set', scope.region])
  if (owner.sessionToken !== undefined) parameters.push(['Security-Token', owner.sessionToken])
  parameters.push(['SignedHeaders', signedHeaders.join(';')])
  const added = parameters.map(([name, value]) => `X-Amz-${name}=${encode(value)}`).join('&')
  const query = request.query === '' ? added : `${request.query}&${added}`
  const { method, path, headers } = request
  const requestHash = hashCanonicalRequest(
    { method, path, query, headers },
    scope.service,
    signedHeaders,
    payloadHash,
  )
  const signature = signatures.make(algorithm, owner, amzDate, scope, requestHash)
  return `${query}&X-Amz-Signature=${signature}`
}
