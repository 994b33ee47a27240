import { hash } from 'node:crypto'
import { Denial } from '../../core/denial/denial.ts'
import type { Clock } from '../../core/ports.ts'
import { markProofClaimed, type ProofClaimed, type TaskApproved } from '../../exchange/facts.ts'
import type { Replays } from '../../state/replays.ts'
import type { AgentRequested } from '../agent-request.ts'

export interface ClaimProofDeps {
  readonly replays: Replays
  readonly clock: Clock
}

/**
 * Claims a use of the identity token in its task. A token is good for one use in a task, or as many as its provider
 * says: whoever saw it pass cannot use it again there. Each use is taken in one step over all replicas. Denials
 * `identity_replayed`, `overloaded`, and `state_unavailable` where it cannot be remembered.
 */
export function claimProof({ replays, clock }: ClaimProofDeps) {
  return async function claimProof<Exchange extends AgentRequested & TaskApproved>(
    exchange: Exchange,
  ): Promise<Exchange & ProofClaimed> {
    const { proof, taskGrant, agent } = exchange
    if (proof === undefined || taskGrant === undefined) return markProofClaimed(exchange)
    const nowMs = clock.nowMs()
    for (let use = 1; use <= proof.uses; use += 1) {
      const call = {
        agentId: `proof ${agent.root}`,
        key: hash('sha256', JSON.stringify([taskGrant.session.task.id, proof.hash, use]), 'hex'),
        invocationId: '',
        signedAtMs: nowMs,
        receivedAtMs: nowMs,
        validUntilMs: proof.expiresAtMs,
      }
      const outcome = await replays.claim(call, nowMs)
      if (outcome === 'claimed') return markProofClaimed(exchange)
      if (outcome === 'full')
        throw new Denial('overloaded', 'Too many tokens of this identity are remembered.')
    }
    throw new Denial('identity_replayed', 'This token was used for this task already.')
  }
}
