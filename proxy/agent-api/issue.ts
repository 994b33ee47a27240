/** How often credentials are made, and how often a proof of identity is good for them. */
import { hash } from 'node:crypto'
import { Denial } from '../core/denial/denial.ts'
import type { Limiter } from '../pacing/limiter.ts'
import type { Rate } from '../pacing/gcra.ts'
import type { Clock } from '../core/ports.ts'
import type { Replays } from '../state/replays.ts'
import type { AskingExchange } from './agent-request.ts'

export interface IssuePaceDeps {
  readonly limiter: Limiter
  readonly rate: Rate
  readonly clock: Clock
}

/** Credentials are made at a pace of their own, for all tasks of a root together. Denial `paced`. */
export function paceIssues({ limiter, rate, clock }: IssuePaceDeps) {
  return async function pace<Exchange extends AskingExchange>(exchange: Exchange): Promise<Exchange> {
    if (exchange.ask.kind !== 'open' && exchange.ask.kind !== 'renew') return exchange
    const nowMs = clock.nowMs()
    const turn = await limiter.take([{ key: `issue ${exchange.agent.root}`, rate, weight: 1 }], nowMs)
    if (turn.kind === 'now') return exchange
    const retryAfterMs = turn.kind === 'at' ? Math.ceil(turn.turnAtMs - nowMs) : 60_000
    throw new Denial('paced', 'This agent fetches credentials too often.', { retryAfterMs })
  }
}

export interface ClaimProofDeps {
  readonly replays: Replays
  readonly clock: Clock
}

/**
 * A token is good for one use in a task, or as many as its provider says: whoever saw it pass cannot use it again there.
 * Each use is taken in one step over all replicas. Denials `identity_replayed`, `overloaded`, and `state_unavailable`
 * where it cannot be remembered.
 */
export function claimProof({ replays, clock }: ClaimProofDeps) {
  return async function claim(exchange: AskingExchange): Promise<AskingExchange> {
    const { proof, opening, agent } = exchange
    if (proof === undefined || opening === undefined) return exchange
    const nowMs = clock.nowMs()
    for (let use = 1; use <= proof.uses; use += 1) {
      const call = {
        agentId: `proof ${agent.root}`,
        key: hash('sha256', JSON.stringify([opening.session.task.id, proof.hash, use]), 'hex'),
        invocationId: '',
        signedAtMs: nowMs,
        receivedAtMs: nowMs,
        validUntilMs: proof.expiresAtMs,
      }
      const outcome = await replays.claim(call, nowMs)
      if (outcome === 'claimed') return exchange
      if (outcome === 'full')
        throw new Denial('overloaded', 'Too many tokens of this identity are remembered.')
    }
    throw new Denial('identity_replayed', 'This token was used for this task already.')
  }
}
