/** Declares how a freeze, a quarantine or a revocation holds a call back. */
import type { Classified } from './exchange.ts'

/** Throws a Denial if it holds the call back. It reads memory only, since every call is checked. */
export type Hold = (exchange: Holdable) => void

/** The parts of an exchange that a hold reads: of a call that goes upstream, or of a request to Moderato itself. */
export type Holdable = Pick<Classified, 'agent' | 'call'> & {
  readonly agentRequest?: { readonly kind: string }
}
