/** What operators and watchers may hold against a call: a freeze, a quarantine, a revocation. */
import type { Classified } from './exchange.ts'

/** Throws a Denial if something is held against the call. Reads memory only: it is asked for every call. */
export type Hold = (exchange: Holdable) => void

/** What is looked at: a call on its way upstream, or what an agent asks of Moderato itself. */
export type Holdable = Pick<Classified, 'agent' | 'call'> & {
  readonly agentRequest?: { readonly kind: string }
}
