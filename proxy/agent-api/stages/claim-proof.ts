import { hash } from 'node:crypto'
import { Denial } from '../../core/denial/denial.ts'
import type { Clock } from '../../core/ports.ts'
import { markProofClaimed, type ProofClaimed, type TaskApproved } from '../../exchange/facts.ts'
import type { Replays } from '../../state/replays.ts'
import type { AgentRequested } from '../agent-request.ts'

/** Declares what `claimProof` needs. */
export interface ClaimProofDeps {
  readonly replays: Replays
  readonly clock: Clock
}

/**
 * Claims one use of the identity token in its task. A token has one use in a task, or as many as its provider's setting
 * says, so that nobody who intercepts it can use it again there. A use is taken in one step over all replicas. Denials
 * `identity_replayed`, `overloaded`, and `state_unavailable` if it cannot be recorded.
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
        throw new Denial(
          'overloaded',
          'This identity used more tokens than the replay protection can remember.',
        )
    }
    throw new Denial('identity_replayed', 'This token was already used for this task.')
  }
}
