/** Bounds how much one verified agent may have under way, so that no agent takes the proxy from the others (rule S9). */
import { Denial } from '../core/denial/denial.ts'
import type { Verified } from '../exchange/exchange.ts'
import { markConcurrencyLimited, type ConcurrencyLimited } from '../exchange/facts.ts'

/** Counted after verification: a stranger who knows an access key id takes nobody's place. */
export function limitConcurrency({ inFlightPerAgent }: { readonly inFlightPerAgent: () => number }) {
  const underWay = new Map<string, number>()
  return function limitConcurrency<Exchange extends Verified>(
    exchange: Exchange,
  ): Exchange & ConcurrencyLimited {
    const { id } = exchange.agent
    exchange.client.verifiedAs?.(id)
    const most = inFlightPerAgent()
    const now = (underWay.get(id) ?? 0) + 1
    if (now > most) {
      throw new Denial('overloaded', `This agent has ${most} calls under way.`, {
        retryAfterMs: 1000,
      })
    }
    underWay.set(id, now)
    exchange.reply.on('close', () => {
      const left = (underWay.get(id) ?? 1) - 1
      if (left === 0) underWay.delete(id)
      else underWay.set(id, left)
    })
    return markConcurrencyLimited(exchange)
  }
}
