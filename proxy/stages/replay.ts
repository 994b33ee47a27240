/** Replay: a changing call that was forwarded is not forwarded again on the same signature. */
import { changesState } from '../core/action-class.ts'
import { Denial } from '../core/denial/denial.ts'
import type { Classified } from '../exchange/exchange.ts'
import type { Clock } from '../core/ports.ts'
import { ALGORITHM } from '../sigv4/credential.ts'
import { parseAmzDate } from '../sigv4/signing-date.ts'
import { mapMaybePromise } from '../core/maybe-promise.ts'
import type { ClaimOutcome, Replays, SignedCall } from '../state/replays.ts'
import { type ClockSkew, maxSkewMsOf } from '../sigv4/clock-skew.ts'

export interface ReplayDeps {
  readonly replays: Replays
  readonly clockSkew: ClockSkew
  readonly clock: Clock
}

/** Refuses a copy of a forwarded call before it costs its agent anything. */
export function refuseReplay({ replays, clockSkew, clock }: ReplayDeps) {
  return function refuseReplay<Ready extends Classified>(exchange: Ready): Ready {
    if (!changesState(exchange.call.classes)) return exchange
    if (replays.has(signedCall(exchange, clockSkew), clock.nowMs())) throw replayed()
    return exchange
  }
}

/**
 * The last word before a call is forwarded: of several copies that came together, to whichever replica, one goes on.
 * Denials: `replayed`, `overloaded`, and `state_unavailable` where it cannot be remembered.
 */
export function claimSignature({ replays, clockSkew, clock }: ReplayDeps) {
  return function claimSignature<Ready extends Classified>(exchange: Ready): Ready | Promise<Ready> {
    if (!changesState(exchange.call.classes)) return exchange
    const outcome = replays.claim(signedCall(exchange, clockSkew), clock.nowMs())
    return mapMaybePromise(outcome, (each) => ifClaimed(each, exchange))
  }
}

function ifClaimed<Ready>(outcome: ClaimOutcome, exchange: Ready): Ready {
  if (outcome === 'replayed') throw replayed()
  if (outcome === 'full') {
    throw new Denial('overloaded', 'This agent made more calls than are remembered against replay.')
  }
  return exchange
}

function signedCall(exchange: Classified, clockSkew: ClockSkew): SignedCall {
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

function replayed(): Denial {
  return new Denial('replayed', 'A call with this very signature was forwarded already.')
}
