import { hash } from 'node:crypto'
import { Denial } from '../../core/denial/denial.ts'
import type { Clock } from '../../core/ports.ts'
import { markProofClaimed, type ProofClaimed, type TaskApproved } from '../../exchange/facts.ts'
import type { TokenProof } from '../../identity/providers/identities.ts'
import type { Replays } from '../../state/replays.ts'
import type { AgentRequested } from '../agent-request.ts'

/** Declares what `claimProof` needs. */
export interface ClaimProofDeps {
  readonly replays: Replays
  readonly clock: Clock
}

/**
 * Claims one use of the identity token: in the task that it opens, ends or shows. A token has one use in a task, and is
 * good in few tasks, or as many as its provider's settings say, so that nobody who intercepts it can do much with it. A
 * use is taken in one step over all replicas. Denials `identity_replayed`, `overloaded`, and `state_unavailable` if it
 * cannot be recorded.
 */
export function claimProof(deps: ClaimProofDeps) {
  return async function claimProof<Exchange extends AgentRequested & TaskApproved>(
    exchange: Exchange,
  ): Promise<Exchange & ProofClaimed> {
    const { proof, agent, taskGrant, namedTask } = exchange
    if (proof === undefined) return markProofClaimed(exchange)
    const taskId = taskGrant?.session.task.id ?? namedTask
    if (taskId === undefined) throw new Error('a token came without a task')
    const claims = claimsOf(proof, agent.root, deps)
    const use = await firstFree(proof.uses, (index) => claims([taskId, proof.hash, index]))
    if (use === undefined) throw replayed('This token was already used for this task.')
    // The first use in a task makes it one more of the token's tasks.
    if (
      use === 1 &&
      (await firstFree(proof.tasks, (index) => claims(['task', proof.hash, index]))) === undefined
    )
      throw replayed(`This token was already used for ${proof.tasks} other tasks.`)
    return markProofClaimed(exchange)
  }
}

type Claim = (name: readonly (string | number)[]) => Promise<boolean>

/** Returns what claims a name until the token ends: true if nobody had it. */
function claimsOf({ expiresAtMs }: TokenProof, root: string, { replays, clock }: ClaimProofDeps): Claim {
  return async (name) => {
    const nowMs = clock.nowMs()
    const call = {
      agentId: `proof ${root}`,
      key: hash('sha256', JSON.stringify(name), 'hex'),
      invocationId: '',
      signedAtMs: nowMs,
      receivedAtMs: nowMs,
      validUntilMs: expiresAtMs,
    }
    const outcome = await replays.claim(call, nowMs)
    if (outcome !== 'full') return outcome === 'claimed'
    throw new Denial('overloaded', 'This identity used more tokens than the replay protection can remember.')
  }
}

/** Returns the first index, from 1 to `most`, that could be claimed. */
async function firstFree(
  most: number,
  claim: (index: number) => Promise<boolean>,
): Promise<number | undefined> {
  for (let index = 1; index <= most; index += 1) if (await claim(index)) return index
  return undefined
}

function replayed(why: string): Denial {
  return new Denial('identity_replayed', `${why} The credentials of a task can end it.`)
}
