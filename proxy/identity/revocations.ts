/**
 * Ends sessions before their time: the kind `revocation` of the ledger, so that every replica knows within its next
 * poll. A revocation outlives every session that it ends, and no longer.
 */
import { z } from 'zod'
import type { Agent, Session } from '../core/agent.ts'
import { Denial } from '../core/denial/denial.ts'
import type { Clock } from '../core/ports.ts'
import { momentMs } from '../core/moment.ts'
import { quoteUntrusted } from '../core/quote-untrusted.ts'
import { REVOCATION_CAUSES } from '../core/revocation-cause.ts'
import type { Ledger } from '../state/ledger.ts'
import type { Table } from '../state/table.ts'

/** Names what is revoked: one session, a task with all that was opened from it, all of an agent, of a root, or everybody. */
export type RevocationTarget =
  | { readonly kind: 'session' | 'task' | 'agent' | 'root'; readonly id: string }
  | { readonly kind: 'all' }

const RevocationSchema = z.strictObject({
  /** Sessions issued up to then are over; a later one of the same agent is a new decision. */
  issuedUntilMs: momentMs,
  /** Why, as a metric's label: a closed list. */
  cause: z.enum(REVOCATION_CAUSES),
  by: z.string(),
  reason: z.string(),
})
export type Revocation = z.output<typeof RevocationSchema>

/**
 * Holds a revocation as this replica knows it; `unreadable`: another version wrote it, in a form that this one cannot
 * read.
 */
export type KnownRevocation = Omit<Revocation, 'cause'> & {
  readonly cause: Revocation['cause'] | 'unreadable'
}

export interface RevocationsOptions {
  readonly ledger: Pick<Ledger, 'table' | 'sound'>
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
  readonly #table: Table<KnownRevocation>
  /** Those whose names this version does not know, by name. */
  readonly #ofUnknownTargets = new Map<string, KnownRevocation>()

  constructor(options: RevocationsOptions) {
    this.#options = options
    this.#table = options.ledger.table<KnownRevocation>('revocation', RevocationSchema, () => UNREADABLE)
    for (const { id, value } of this.#table.all()) this.#take(id, value)
    this.#table.onChange((id, row) => this.#take(id, row?.value))
  }

  /** Ends what the target names: refused here when this resolves, and elsewhere within the next poll. */
  async revoke(
    target: RevocationTarget,
    { cause, by, reason }: Omit<Revocation, 'issuedUntilMs'>,
  ): Promise<Revocation> {
    const { clock, maxSessionMs } = this.#options
    const issuedUntilMs = clock.nowMs()
    const revocation: Revocation = { issuedUntilMs, cause, by, reason }
    const expiresAtMs = issuedUntilMs + maxSessionMs + MARGIN_MS
    await this.#table.put(nameOf(target), revocation, { expiresAtMs })
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
    throw new Denial('revoked', `Task ${quoteUntrusted(session.task.id)} was ended (${cause}): ${reason}.`)
  }

  /** Tells whether the agent's session was ended. */
  isRevoked({ session }: Agent): boolean {
    return session !== undefined && this.of(session) !== undefined
  }

  /** Returns the revocation that ends a session, if there is one. */
  of({ id, agentId, root, task, issuedAtMs }: Session): KnownRevocation | undefined {
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
    if (this.#ofUnknownTargets.size === 0) return undefined
    for (const name of this.#ofUnknownTargets.keys()) {
      const revocation = this.#table.get(name)?.value
      if (revocation !== undefined && issuedAtMs <= revocation.issuedUntilMs) return revocation
    }
    return undefined
  }

  /** Tells whether a task was ended. It stays ended. */
  isTaskEnded(root: string, taskId: string): boolean {
    return this.#find({ kind: 'task', id: taskIn(root, taskId) }) !== undefined
  }

  #find(target: RevocationTarget): KnownRevocation | undefined {
    return this.#table.get(nameOf(target))?.value
  }

  /** Whom a name means that another version gave, nobody can know here: it means everybody. */
  #take(name: string, revocation: KnownRevocation | undefined): void {
    if (KNOWN_NAME.test(name)) return
    if (revocation === undefined) this.#ofUnknownTargets.delete(name)
    else this.#ofUnknownTargets.set(name, revocation)
  }
}

/** A revocation that cannot be read ends what its name says, whenever that was issued. Revoking the same anew replaces it. */
const UNREADABLE: KnownRevocation = {
  issuedUntilMs: Infinity,
  cause: 'unreadable',
  by: 'Somebody',
  reason: 'the entry in the state store cannot be read',
}

/** Names a task together with its root: agents choose the names of their tasks, so each root has names of its own. */
export function taskIn(root: string, taskId: string): string {
  return JSON.stringify([root, taskId])
}

const KNOWN_NAME = /^(?:all$|(?:session|agent|root):|task:\[".*"\]$)/s

function nameOf(target: RevocationTarget): string {
  return target.kind === 'all' ? 'all' : `${target.kind}:${target.id}`
}
