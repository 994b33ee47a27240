/** Judges a call again that waited: what let it through may have changed meanwhile (rule S4). */
import { Denial } from '../core/denial/denial.ts'
import type { Decided, Decision, Identified } from '../exchange/exchange.ts'
import type { AgentStore } from '../core/ports.ts'

export interface ReauthorizeDeps {
  readonly agents: AgentStore
  readonly identify: (exchange: Decided) => Identified
  readonly checkHolds: (exchange: Decided) => unknown
  /** With the break-glass that is open for the agent now, or without one. */
  readonly applyBreakglass: (exchange: Decided) => Decided
  readonly decide: (exchange: Decided) => Decided
  /** What operators say of calls now; compared by identity with what the call was classed under. */
  readonly operatorRules: () => object
}

/**
 * The decision of now; throws the Denial of a call that would not be let through any more. `reconfigured` where it would have to be read
 * anew to know: its classes, and so its grants and its charges, are those of a configuration that is gone.
 */
export function reauthorize({
  agents,
  identify,
  checkHolds,
  applyBreakglass,
  decide,
  operatorRules,
}: ReauthorizeDeps) {
  return function reauthorize(exchange: Decided): Decision {
    const { agent } = identify(exchange)
    const { sinceMs = 0 } = agents.find(exchange.authorization.accessKeyId, exchange.sessionToken)
    if (agent.id !== exchange.agent.id || sinceMs > exchange.receivedAtMs) {
      throw new Denial('unknown_credential', 'The access key was withdrawn while the call waited.')
    }
    checkHolds(exchange)
    if (exchange.classedUnder !== undefined && exchange.classedUnder !== operatorRules()) {
      throw new Denial('reconfigured', 'What operators say of calls changed while this one waited.')
    }
    const now = applyBreakglass(exchange)
    const { decision } = decide(now)
    if (exchange.breakglass?.pace !== undefined && now.breakglass?.id !== exchange.breakglass.id) {
      throw new Denial('breakglass_closed', 'The break-glass whose pace this call came under is over.')
    }
    return decision
  }
}
