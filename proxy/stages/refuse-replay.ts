import { changesState } from '../core/action-class.ts'
import { mapMaybePromise, type MaybePromise } from '../core/maybe-promise.ts'
import type { Classified } from '../exchange/exchange.ts'
import { markUnreplayed, type Unreplayed } from '../exchange/facts.ts'
import { replayed, signedCall, type ReplayDeps } from '../state/signed-call.ts'

/** Refuses a copy of a forwarded call that changes something, before it costs its agent anything. Denial `replayed`. */
export function refuseReplay({ replays, clockSkew, clock }: ReplayDeps) {
  return function refuseReplay<Exchange extends Classified>(
    exchange: Exchange,
  ): MaybePromise<Exchange & Unreplayed> {
    if (!changesState(exchange.call.classes)) return markUnreplayed(exchange)
    return mapMaybePromise(replays.has(signedCall(exchange, clockSkew), clock.nowMs()), (isKnown) => {
      if (isKnown) throw replayed()
      return markUnreplayed(exchange)
    })
  }
}
