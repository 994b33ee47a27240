/** Refuses what is held back at the moment: frozen, quarantined, revoked. Asked again when a held call leaves the queue. */
import { changesState } from '../core/action-class.ts'
import { Denial } from '../core/denial/denial.ts'
import type { Classified } from '../exchange/exchange.ts'
import type { Ledger } from '../state/ledger.ts'

/** Throws a Denial if the ledger holds something against the call. Reads memory only: it is asked for every call. */
export type Restraint = (exchange: Judged) => void

/** What is looked at: a call on its way upstream, or what an agent asks of Moderato itself. */
export type Judged = Pick<Classified, 'agent' | 'call'> & { readonly ask?: { readonly kind: string } }

export interface RestrainDeps {
  readonly ledger: Pick<Ledger, 'sound'>
  readonly restraints: readonly Restraint[]
  /** Whether reads and lists go on while the ledger cannot be trusted; they do unless it says `refuse`. */
  readonly readsWhileDown?: 'allow' | 'refuse'
}

/**
 * Denials: those of the restraints, and `state_unavailable` for what changes something while the ledger cannot be
 * trusted, for reads too where it is so configured. They hold in observe mode too.
 */
export function restrain({ ledger, restraints, readsWhileDown }: RestrainDeps) {
  return function restrain<Exchange extends Judged>(exchange: Exchange): Exchange {
    if (!ledger.sound && (readsWhileDown === 'refuse' || changesState(exchange.call.classes))) {
      throw new Denial('state_unavailable', 'What operators decided cannot be read, so the call is not made.')
    }
    for (const check of restraints) check(exchange)
    return exchange
  }
}
