/** Judges a call again after a wait: what let it through may have changed meanwhile (rule S4). */
import { Denial } from '../core/denial/denial.ts'
import type { Decided, Decision, Identified } from '../exchange/exchange.ts'
import type { AgentStore } from '../core/ports.ts'

/** Declares what `reauthorize` needs. */
export interface ReauthorizeDeps {
  readonly agents: AgentStore
  readonly identify: (exchange: Decided) => Identified
  readonly checkHolds: (exchange: Decided) => unknown
  /** Applies the break-glass that is open for the agent now, if any. */
  readonly applyBreakglass: (exchange: Decided) => Decided
  readonly decide: (exchange: Decided) => Decided
  /** Returns the operators' rules in force; compared by identity with those that classified the call. */
  readonly operatorRules: () => object
}

/**
 * Returns the decision of now, or throws the Denial of a call that would not be let through any more. Denial
 * `reconfigured` if the operators' rules changed: then the call's classes, and so its grants and charges, are outdated.
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
      throw new Denial('reconfigured', 'The rules that classify calls changed while this one waited.')
    }
    const now = applyBreakglass(exchange)
    const { decision } = decide(now)
    if (exchange.breakglass?.pace !== undefined && now.breakglass?.id !== exchange.breakglass.id) {
      throw new Denial('breakglass_closed', 'The break-glass that widened the pace of this call has ended.')
    }
    return decision
  }
}
