/** Checks a signature: the pure part of verification, without a clock, an agent or rules about headers. */
import type { Authorization } from './types.ts'
import { hashCanonicalRequest, type SignableRequest } from './canonical-request.ts'
import { presignedQueryWithoutSignature } from './presigned.ts'
import type { AccessKey, Signatures } from './signatures.ts'

/** Holds what a check needs besides the request and its authorization. */
export interface SignatureInput {
  /** The signed time of signing, `YYYYMMDDTHHMMSSZ`. */
  readonly signedAt: string
  /** The text that stands for the body in the canonical request. */
  readonly payloadHash: string
  /** Tells whether the path is signed as it is; by default the service of the scope decides. */
  readonly exactPath?: boolean
  /** True for signers that add the session token to the query after signing. Never set in the proxy. */
  readonly omitsSessionToken?: boolean
}

/** Tells whether `owner` made the signature that `authorization` claims over exactly this request. */
export function signatureStands(
  request: SignableRequest,
  authorization: Authorization,
  owner: AccessKey,
  { signedAt, payloadHash, exactPath, omitsSessionToken = false }: SignatureInput,
  signatures: Signatures,
): boolean {
  const { algorithm, scope, signedHeaders, signature, presigned } = authorization
  const { method, path, headers } = request
  const signable =
    presigned === undefined
      ? request
      : { method, path, headers, query: presignedQueryWithoutSignature(request.query, omitsSessionToken) }
  const pathAs = exactPath === undefined ? scope.service : exactPath ? 's3' : ''
  const requestHash = hashCanonicalRequest(signable, pathAs, signedHeaders, payloadHash)
  return signatures.matches(algorithm, signature, owner, signedAt, scope, requestHash)
}
