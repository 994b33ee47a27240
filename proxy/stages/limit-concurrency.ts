/** Bounds the calls that one verified agent may have in flight, so that no agent starves the others (rule S9). */
import { Denial } from '../core/denial/denial.ts'
import type { Verified } from '../exchange/exchange.ts'
import { markConcurrencyLimited, type ConcurrencyLimited } from '../exchange/facts.ts'

/** Declares what `limitConcurrency` needs. */
export interface LimitConcurrencyDeps {
  readonly inFlightPerAgent: () => number
  /** The calls in flight of each agent that has some; others may read it. */
  readonly inFlight?: Map<string, number>
}

/** Counts calls after verification, so that a stranger who knows an access key id takes nobody's place. */
export function limitConcurrency({ inFlightPerAgent, inFlight = new Map() }: LimitConcurrencyDeps) {
  return function limitConcurrency<Exchange extends Verified>(
    exchange: Exchange,
  ): Exchange & ConcurrencyLimited {
    const { id } = exchange.agent
    exchange.client.verifiedAs?.(id)
    const limit = inFlightPerAgent()
    const count = (inFlight.get(id) ?? 0) + 1
    if (count > limit) {
      throw new Denial('overloaded', `This agent already has ${limit} calls in flight.`, {
        retryAfterMs: 1000,
      })
    }
    inFlight.set(id, count)
    exchange.reply.on('close', () => {
      const left = (inFlight.get(id) ?? 1) - 1
      if (left === 0) inFlight.delete(id)
      else inFlight.set(id, left)
    })
    return markConcurrencyLimited(exchange)
  }
}
