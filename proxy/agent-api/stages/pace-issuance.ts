import { Denial } from '../../core/denial/denial.ts'
import type { Clock } from '../../core/ports.ts'
import { markIssuancePaced, type IssuancePaced, type Unheld } from '../../exchange/facts.ts'
import type { Rate } from '../../pacing/gcra.ts'
import type { Limiter } from '../../pacing/limiter.ts'
import type { AgentRequested } from '../agent-request.ts'

/** Declares what `paceIssuance` needs. */
export interface PaceIssuanceDeps {
  readonly limiter: Limiter
  readonly rate: Rate
  readonly clock: Clock
}

/** Limits how often credentials are issued, for all tasks of a root together. Denial `paced`. */
export function paceIssuance({ limiter, rate, clock }: PaceIssuanceDeps) {
  return async function paceIssuance<Exchange extends AgentRequested & Unheld>(
    exchange: Exchange,
  ): Promise<Exchange & IssuancePaced> {
    const { kind } = exchange.agentRequest
    if (kind !== 'open' && kind !== 'renew') return markIssuancePaced(exchange)
    const nowMs = clock.nowMs()
    const turn = await limiter.take([{ key: `issue ${exchange.agent.root}`, rate, weight: 1 }], nowMs)
    if (turn.kind === 'now') return markIssuancePaced(exchange)
    const retryAfterMs = turn.kind === 'at' ? Math.ceil(turn.turnAtMs - nowMs) : 60_000
    throw new Denial('paced', 'This agent fetches credentials too often.', { retryAfterMs })
  }
}
