/** Refuses calls that are frozen, quarantined or revoked at the moment. A held call is checked again when it leaves. */
import { changesState } from '../core/action-class.ts'
import { Denial } from '../core/denial/denial.ts'
import { markUnheld, type Unheld, type Unreplayed } from '../exchange/facts.ts'
import type { Holdable, Hold } from '../exchange/holds.ts'
import type { Ledger } from '../state/ledger.ts'

/** Declares what `checkHolds` needs. */
export interface CheckHoldsDeps {
  readonly ledger: Pick<Ledger, 'sound'>
  readonly holds: readonly Hold[]
  /** The verdict on reads and lists while the ledger cannot be trusted; `allow` by default. */
  readonly readsWhileDown?: 'allow' | 'refuse'
}

/**
 * Throws the Denial of a hold, also in observe mode. Throws `state_unavailable` for a change while the ledger cannot be
 * trusted, and for reads too where the configuration says so.
 */
export function checkHolds({ ledger, holds, readsWhileDown }: CheckHoldsDeps) {
  return function checkHolds<Exchange extends Holdable & Unreplayed>(exchange: Exchange): Exchange & Unheld {
    if (!ledger.sound && (readsWhileDown === 'refuse' || changesState(exchange.call.classes))) {
      throw new Denial(
        'state_unavailable',
        "The operators' freezes and revocations cannot be read, so the call is not made.",
      )
    }
    for (const check of holds) check(exchange)
    return markUnheld(exchange)
  }
}
