/**
 * Revocations: what ends sessions before their time, from the ledger, so that every replica knows within its next
 * poll. They outlive every session that they end, and no longer.
 */
import { z } from 'zod'
import type { Agent, Session } from '../core/agent.ts'
import { Denial } from '../core/denial/denial.ts'
import type { Clock } from '../core/ports.ts'
import type { Entry, Ledger } from '../state/ledger.ts'
import { REVOCATION_CAUSES } from '../core/revocation-cause.ts'

/** What can be revoked: one session, a task with all that was opened from it, all of an agent, of a root, or everybody. */
export type RevocationTarget =
  | { readonly kind: 'session' | 'task' | 'agent' | 'root'; readonly id: string }
  | { readonly kind: 'all' }

export const RevocationSchema = z.strictObject({
  /** Sessions issued up to then are over; a later one of the same agent is a new decision. */
  issuedUntilMs: z.int(),
  /** Why, as a metric's label: a closed list. */
  cause: z.enum(REVOCATION_CAUSES),
  by: z.string(),
  reason: z.string(),
})
export type Revocation = z.output<typeof RevocationSchema>

export interface RevocationsOptions {
  readonly ledger: Pick<Ledger, 'get' | 'put' | 'sound'>
  readonly clock: Clock
  /** How long the longest session may last. */
  readonly maxSessionMs: number
  /** Called with the cause of each revocation that was made here. */
  readonly revoked?: (cause: Revocation['cause']) => void
}

/** A session's time and ours may differ a little between replicas. */
const MARGIN_MS = 15 * 60_000

export class Revocations {
  readonly #options: RevocationsOptions

  constructor(options: RevocationsOptions) {
    this.#options = options
  }

  /** Ends what the target names: durable when it resolves, refused here from then on, elsewhere within the next poll. */
  async revoke(
    target: RevocationTarget,
    { cause, by, reason }: Omit<Revocation, 'issuedUntilMs'>,
  ): Promise<Revocation> {
    const { ledger, clock, maxSessionMs } = this.#options
    const issuedUntilMs = clock.nowMs()
    const revocation: Revocation = { issuedUntilMs, cause, by, reason }
    const expiresAtMs = issuedUntilMs + maxSessionMs + MARGIN_MS
    await ledger.put('revocation', nameOf(target), revocation, { expiresAtMs })
    this.#options.revoked?.(cause)
    return revocation
  }

  /** Throws `revoked` for a session that was ended, and `state_unavailable` while that cannot be known. */
  check({ session }: Agent): void {
    if (session === undefined) return
    if (!this.#options.ledger.sound) {
      throw new Denial('state_unavailable', 'Whether this session was revoked cannot be known.')
    }
    const found = this.of(session)
    if (found === undefined) return
    const { cause, reason } = found
    throw new Denial('revoked', `Task ${JSON.stringify(session.task.id)} was ended (${cause}): ${reason}.`)
  }

  isRevoked({ session }: Agent): boolean {
    return session !== undefined && this.of(session) !== undefined
  }

  /** The revocation that ends a session, if there is one. */
  of({ id, agentId, root, task, issuedAtMs }: Session): Revocation | undefined {
    // A task that was ended stays ended, whenever its credentials were made.
    for (const taskId of [task.id, ...task.ancestors]) {
      const ended = this.#find({ kind: 'task', id: taskIn(root, taskId) })
      if (ended !== undefined) return ended
    }
    const targets: RevocationTarget[] = [
      { kind: 'session', id },
      { kind: 'agent', id: agentId },
      { kind: 'root', id: root },
      { kind: 'all' },
    ]
    for (const target of targets) {
      const revocation = this.#find(target)
      if (revocation !== undefined && issuedAtMs <= revocation.issuedUntilMs) return revocation
    }
    return undefined
  }

  isTaskEnded(root: string, taskId: string): boolean {
    return this.#find({ kind: 'task', id: taskIn(root, taskId) }) !== undefined
  }

  #find(target: RevocationTarget): Revocation | undefined {
    const entry: Entry | undefined = this.#options.ledger.get('revocation', nameOf(target))
    return entry === undefined ? undefined : RevocationSchema.parse(entry.value)
  }
}

/** Agents choose the names of their tasks: each root has names of its own. */
export function taskIn(root: string, taskId: string): string {
  return JSON.stringify([root, taskId])
}

function nameOf(target: RevocationTarget): string {
  return target.kind === 'all' ? 'all' : `${target.kind}:${target.id}`
}
