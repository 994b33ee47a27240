/** Marks the calls that an agent makes while a break-glass is open for it; policy, pace and the records use the mark. */
import { reaches, type Breakglass } from '../breakglass/breakglass.ts'
import type { BreakglassFacts, Classified, UnderBreakglass } from '../exchange/exchange.ts'
import { markBreakglassApplied, type Unheld } from '../exchange/facts.ts'
import type { PaceSetting } from '../pacing/paces.ts'

/** Declares what `applyBreakglass` needs. */
export interface ApplyBreakglassDeps {
  readonly openFor: (agentId: string) => Breakglass | undefined
  /** Returns the widened pace of the configuration in force; undefined: no pace is widened. */
  readonly pace: () => PaceSetting | undefined
}

type Ready = Pick<Classified, 'agent' | 'call'> & Unheld & Partial<BreakglassFacts>

/** Applies the break-glass that is open now, so that a call whose break-glass ended while it waited goes on without one. */
export function applyBreakglass({ openFor, pace }: ApplyBreakglassDeps) {
  return function applyBreakglass<Exchange extends Ready>(exchange: Exchange): Exchange & BreakglassFacts {
    const open = openFor(exchange.agent.id)
    if (open === undefined)
      return markBreakglassApplied(
        exchange.breakglass === undefined ? exchange : { ...exchange, breakglass: undefined },
      )
    const { id, classes, resources } = open
    const widened = open.pace && reaches(open, exchange.call) ? pace() : undefined
    const breakglass: UnderBreakglass = { id, classes, resources, pace: widened }
    return markBreakglassApplied({ ...exchange, breakglass })
  }
}
