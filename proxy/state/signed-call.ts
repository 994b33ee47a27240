/** A signed call as it is remembered against replay. */
import { Denial } from '../core/denial/denial.ts'
import type { Clock } from '../core/ports.ts'
import type { Classified } from '../exchange/exchange.ts'
import { type ClockSkew, maxSkewMsOf } from '../sigv4/clock-skew.ts'
import { ALGORITHM } from '../sigv4/credential.ts'
import { parseAmzDate } from '../sigv4/signing-date.ts'
import type { Replays, SignedCall } from './replays.ts'

export interface ReplayDeps {
  readonly replays: Replays
  readonly clockSkew: ClockSkew
  readonly clock: Clock
}

/** Returns what tells a signed call from every other, and how long its signature is valid. */
export function signedCall(exchange: Classified, clockSkew: ClockSkew): SignedCall {
  const { agent, authorization, headers, receivedAtMs, signedAt } = exchange
  const { algorithm, signature, scope, presigned } = authorization
  const signedAtMs = parseAmzDate(signedAt) ?? receivedAtMs
  const validMs =
    presigned === undefined ? maxSkewMsOf(scope.service, clockSkew) : presigned.expiresSeconds * 1000
  return {
    agentId: agent.id,
    key: algorithm === ALGORITHM ? signature : ecdsaCommonPart(signature),
    invocationId: headers.all('amz-sdk-invocation-id').join(),
    signedAtMs,
    receivedAtMs,
    validUntilMs: signedAtMs + validMs,
  }
}

/**
 * Who has one ECDSA signature (r, s) has another, (r, -s), without the key: the copies have r in common. The DER was
 * read strictly when it was verified, so r has one spelling.
 */
function ecdsaCommonPart(signature: string): string {
  return signature.slice(8, 8 + 2 * parseInt(signature.slice(6, 8), 16))
}

/** Returns the denial of a call that was forwarded already. */
export function replayed(): Denial {
  return new Denial('replayed', 'A call with this very signature was forwarded already.')
}
