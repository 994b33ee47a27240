/** Bounds how much one verified agent may have under way, so that no agent takes the proxy from the others (rule S9). */
import { Denial } from '../denial.ts'
import type { Verified } from '../exchange.ts'
import type { UnderWay } from '../under-way.ts'

export interface AdmitDeps {
  readonly inFlightPerAgent: () => number
  readonly underWay: UnderWay
}

/** Counted after verification: a stranger who knows an access key id takes nobody's place. */
export function admit({ inFlightPerAgent, underWay }: AdmitDeps) {
  return function admit(exchange: Verified): Verified {
    const most = inFlightPerAgent()
    if (underWay.count(exchange.agent.id) >= most) {
      throw new Denial('overloaded', `This agent has ${most} calls under way.`, {
        retryAfterMs: 1000,
      })
    }
    underWay.add(exchange)
    return exchange
  }
}
