/** The proxy's own pieces as a verifier of one official case: its clock and its rules of signing, no rule of the proxy's. */
import { hash } from 'node:crypto'
import { Denial } from '../../proxy/denial.ts'
import type { Authorization } from '../../proxy/exchange.ts'
import { HeaderFields } from '../../proxy/headers.ts'
import { parseAuthorization } from '../../proxy/sigv4/authorization.ts'
import { Signatures } from '../../proxy/sigv4/signatures.ts'
import { signatureStands } from '../../proxy/sigv4/verify-signature.ts'
import type { WireRequest } from '../sigv4/signing.ts'
import type { Vector } from './vectors.ts'

export const signatures = new Signatures()

export interface Read {
  readonly authorization: Authorization
  readonly signedAt: string
}

/** As the stages read it; undefined where they refuse to. */
export function read(request: WireRequest): Read | undefined {
  const headers = new HeaderFields(request.headers)
  try {
    const authorization = parseAuthorization(headers, request.query)
    const { scope, presigned } = authorization
    const signedAt = presigned === undefined ? (headers.one('x-amz-date') ?? '') : presigned.amzDate
    return scope.date === signedAt.slice(0, 8) ? { authorization, signedAt } : undefined
  } catch (error) {
    if (error instanceof Denial) return undefined
    throw error
  }
}

/** Whether the pure verifier takes the request. */
export function stands(request: WireRequest, { owner, exactPath, omitsSessionToken }: Vector): boolean {
  const found = read(request)
  if (found === undefined || found.authorization.accessKeyId !== owner.accessKeyId) return false
  const headers = new HeaderFields(request.headers)
  const { authorization, signedAt } = found
  if (authorization.signedHeaders.some((name) => !headers.has(name))) return false
  const payloadHash = hash('sha256', request.body, 'hex')
  const as = { signedAt, payloadHash, exactPath, omitsSessionToken }
  return signatureStands({ ...request, headers }, authorization, owner, as, signatures)
}
