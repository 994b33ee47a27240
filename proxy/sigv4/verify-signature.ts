/** Whether a signature stands: the pure part of verification, which knows no clock, no agent and no rule about headers. */
import type { Authorization } from './types.ts'
import { hashCanonicalRequest, type SignableRequest } from './canonical-request.ts'
import { presignedQueryWithoutSignature } from './presigned.ts'
import type { AccessKey, Signatures } from './signatures.ts'

export interface SignatureInput {
  /** The time of signing as it was signed, `YYYYMMDDTHHMMSSZ`. */
  readonly signedAt: string
  /** What stands for the body in the canonical request. */
  readonly payloadHash: string
  /** Whether the path is signed as it is; by default, as the service of the scope has it. */
  readonly exactPath?: boolean
  /** For signers that add the session token to the query after signing. Never on in the proxy. */
  readonly omitsSessionToken?: boolean
}

/** Whether `owner` made the signature that `authorization` claims over exactly this request. */
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
