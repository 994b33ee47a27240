/** Refuses what is held back at the moment: frozen, quarantined, revoked. Asked again when a held call leaves the queue. */
import { changesState } from '../core/action-class.ts'
import { Denial } from '../core/denial/denial.ts'
import { markUnheld, type Unheld, type Unreplayed } from '../exchange/facts.ts'
import type { Holdable, Hold } from '../exchange/holds.ts'
import type { Ledger } from '../state/ledger.ts'

export interface CheckHoldsDeps {
  readonly ledger: Pick<Ledger, 'sound'>
  readonly holds: readonly Hold[]
  /** Whether reads and lists go on while the ledger cannot be trusted; they do unless it says `refuse`. */
  readonly readsWhileDown?: 'allow' | 'refuse'
}

/**
 * Denials: those of the holds, and `state_unavailable` for what changes something while the ledger cannot be
 * trusted, for reads too where it is so configured. They hold in observe mode too.
 */
export function checkHolds({ ledger, holds, readsWhileDown }: CheckHoldsDeps) {
  return function checkHolds<Exchange extends Holdable & Unreplayed>(exchange: Exchange): Exchange & Unheld {
    if (!ledger.sound && (readsWhileDown === 'refuse' || changesState(exchange.call.classes))) {
      throw new Denial('state_unavailable', 'What operators decided cannot be read, so the call is not made.')
    }
    for (const check of holds) check(exchange)
    return markUnheld(exchange)
  }
}
