/** Verifies that the agent's secret signed this request, if possible before any of its body is read. */
import { hash } from 'node:crypto'
import { Denial } from '../../core/denial/denial.ts'
import type { Identified, Verified } from '../../exchange/exchange.ts'
import type { Payload } from '../../sigv4/types.ts'
import type { AgentStore } from '../../core/ports.ts'
import { isS3Family } from '../../core/s3-family.ts'
import { mapMaybePromise, type MaybePromise } from '../../core/maybe-promise.ts'
import { canonicalPayloadHash, declaredPayload, EMPTY_SHA256 } from '../../sigv4/payload.ts'
import type { Signatures } from '../../sigv4/signatures.ts'
import { signatureStands } from '../../sigv4/verify-signature.ts'
import { checkCoding, checkFields, checkSignedHeaders } from './fields.ts'
import { checkTime } from './time.ts'
import type { ClockSkew } from '../../sigv4/clock-skew.ts'

/** Declares what `verify` needs. */
export interface VerifyOptions {
  readonly agents: AgentStore
  readonly clockSkew: ClockSkew
  readonly signatures: Signatures
}

/**
 * Verifies the request, the cheapest check first (rule S9): repeated fields, date, scope, clock skew, signed headers, what
 * the head declares of the body, the signature. The body is read only if no hash is declared.
 */
export function verify({ agents, clockSkew, signatures }: VerifyOptions) {
  return function verify<Exchange extends Identified>(exchange: Exchange): MaybePromise<Exchange & Verified> {
    const { authorization, body } = exchange
    checkFields(exchange)
    const signedAt = checkTime(exchange, clockSkew)
    checkSignedHeaders(exchange)

    const verified = (payload: Payload): Exchange & Verified => {
      checkCoding(exchange, payload)
      const { algorithm, accessKeyId, scope, signature } = authorization
      const { secretAccessKey } = agents.find(accessKeyId, exchange.sessionToken)
      const owner = { accessKeyId, secretAccessKey }
      const as = { signedAt, payloadHash: canonicalPayloadHash(payload) }
      if (!signatureStands(exchange, authorization, owner, as, signatures)) {
        throw mismatch(exchange)
      }
      const { kind } = payload
      const bodySignatures = signatures.ofBody(kind, algorithm, owner, signedAt, scope, signature)
      return { ...exchange, payload, signedAt, bodySignatures }
    }
    const declared = payloadOf(exchange)
    if (declared !== undefined) {
      const result = verified(declared)
      if (!body.present) checkEmpty(declared)
      return result
    }
    if (!body.present) return verified({ kind: 'hashed', sha256: EMPTY_SHA256 })
    return mapMaybePromise(body.bytes(), (bytes) => {
      const result = verified({ kind: 'hashed', sha256: hash('sha256', bytes, 'hex') })
      // From here on the memory is the agent's (rule S28); the body is there, so there is nothing to wait for.
      return mapMaybePromise(body.bytes(exchange.agent.id), () => result)
    })
  }
}

function mismatch({ hadPlus }: Identified): Denial {
  const detail = 'The signature does not match the request.'
  if (!hadPlus) return new Denial('bad_signature', detail)
  return new Denial('bad_signature', `${detail} It has a +, which AWS reads as a space in a query.`, {
    next: 'Write %20 for a space and %2B for a plus sign, in what is sent and in what is signed.',
  })
}

/** Returns what the head declares of the body. S3 takes the body of a presigned URL as unsigned by default. */
function payloadOf({ authorization, reading }: Identified): Payload | undefined {
  const { algorithm, presigned, scope } = authorization
  const { headers } = reading
  if (presigned === undefined) return declaredPayload(headers, scope.service, algorithm)
  if (isS3Family(scope.service) && !headers.has('x-amz-content-sha256')) return { kind: 'unsigned' }
  const declared = declaredPayload(headers, scope.service, algorithm)
  if (declared === undefined || declared.kind === 'declared' || declared.kind === 'unsigned') return declared
  throw new Denial(
    'unsupported_signature',
    'A presigned URL accepts a plain body only: no chunks and no events.',
  )
}

/** Checks the hash of an absent body, which nothing checks later. */
function checkEmpty(payload: Payload): void {
  if (payload.kind === 'unsigned') return
  if ('sha256' in payload && payload.sha256 === EMPTY_SHA256) return
  throw new Denial('payload_mismatch', 'The request has no body, but declares the hash or trailer of one.')
}
