/** Opens tasks: an agent says what it is about to do, policy judges it, and it gets credentials for that alone. */
import { randomBytes } from 'node:crypto'
import { policyAgent, type PolicyEngine } from '../../policy/engine.ts'
import type { TaskVerdict } from '../../policy/task.ts'
import type { Agent, Session } from '../core/agent.ts'
import { Denial } from '../core/denial/denial.ts'
import type { Clock } from '../core/ports.ts'
import { quoteUntrusted } from '../core/quote-untrusted.ts'
import { orStateUnavailable } from '../state/or-state-unavailable.ts'
import type { Ledger } from '../state/ledger.ts'
import type { TaskRequest, OpenTask, Opener, TaskGrant } from '../exchange/task-opening.ts'
import { OpenTasks, type KnownTask } from './open-tasks.ts'
import { taskIn, type Revocation, type Revocations } from './revocations.ts'
import type { Sealed } from './sealed-token.ts'
import type { Sessions } from './sessions.ts'
import { sessionOf } from './task-session.ts'

export interface TasksOptions {
  readonly policy: () => PolicyEngine
  readonly sessions: Sessions
  readonly revocations: Revocations
  readonly ledger: Pick<Ledger, 'table'>
  readonly clock: Clock
  readonly defaultSeconds: number
}

const NOT_WRITTEN = 'What becomes of the task could not be written down.'

/** A parent's parents: deeper chains are nobody's plan. */
const MAX_ANCESTORS = 4

export class Tasks {
  readonly #options: TasksOptions
  readonly #open: OpenTasks

  constructor(options: TasksOptions) {
    this.#options = options
    this.#open = new OpenTasks(options.ledger)
  }

  /**
   * Returns what a task would be, if policy lets it be opened: never more than its agent's grants, nor than the task that it is
   * opened from. Denials: `policy_denied`, `policy_error`, `revoked`, `malformed_request`.
   */
  judge(opener: Opener, asked: TaskRequest): TaskGrant {
    const { clock, defaultSeconds } = this.#options
    const id = asked.id ?? `task-${randomBytes(12).toString('base64url')}`
    const before = this.#carriedOn(opener, id, asked.mayContinue)
    const wantedSeconds = asked.durationSeconds ?? defaultSeconds
    const verdict = this.#verdict(opener, { ...asked, durationSeconds: wantedSeconds }, id)
    const session = sessionOf(opener, id, asked, verdict, clock.nowMs())
    if (session.task.ancestors.length > MAX_ANCESTORS) {
      throw new Denial('policy_denied', `A task may have at most ${MAX_ANCESTORS} tasks above it.`, {
        next: 'Open this one from a task that has fewer.',
      })
    }
    // Whether they fit into a token is known now, and not when people have approved it.
    issued(this.#options.sessions, session)
    return {
      session,
      asked,
      openedBy: opener.by,
      subject: opener.subject,
      policy: this.#policyOf(verdict),
      before,
      need: { approvers: verdict.approvals, why: verdict.messages, rules: verdict.asks },
      durationSeconds: verdict.durationSeconds,
    }
  }

  /**
   * Opens it: durable when it resolves, with credentials that no other call returns. What is carried on stays what it was
   * opened for, for as long as any of its credentials. Denial `state_unavailable`.
   */
  async open({ session, openedBy, approved, before }: TaskGrant): Promise<Sealed> {
    const { sessions, revocations } = this.#options
    const sealed = issued(sessions, session)
    const { agentId, root, task, issuedAtMs } = session
    const open: OpenTask = {
      agentId,
      root,
      taskId: task.id,
      intent: before?.intent ?? task.intent ?? '',
      ticket: before?.ticket ?? task.ticket ?? '',
      justificationHash: before?.justificationHash ?? task.justificationHash ?? '',
      openedBy: before?.openedBy ?? openedBy,
      openedAtMs: before?.openedAtMs ?? issuedAtMs,
      ancestors: task.ancestors,
      approved: approved ?? before?.approved,
    }
    const expiresAtMs = Math.max(session.expiresAtMs, before?.expiresAtMs ?? 0)
    await orStateUnavailable(this.#open.put(open, expiresAtMs), NOT_WRITTEN)
    // Ended while it was written: it is not open again by that.
    if (revocations.of(session) !== undefined)
      await orStateUnavailable(this.#open.remove(root, task.id), NOT_WRITTEN)
    return sealed
  }

  /** Returns all open tasks. */
  all(): KnownTask[] {
    return this.#open.all()
  }

  /** Ends every task that the revocation of an agent, of a root or of all ended: it is not open any more. */
  async close(isMeant: (task: KnownTask) => boolean): Promise<void> {
    for (const { root, taskId } of this.all().filter(isMeant)) {
      await this.#open.remove(root, taskId)
    }
  }

  /** Issues more credentials of a session that stands. */
  renew(session: Session): Sealed {
    return issued(this.#options.sessions, session)
  }

  /** Returns an open task of that agent: agents of one template share a root, and see and end nothing of each other's. */
  findOwn({ id: agentId, root }: Agent, taskId: string): KnownTask | undefined {
    const open = this.#open.find(root, taskId)
    return open?.agentId === agentId ? open : undefined
  }

  /**
   * Ends an agent's own task and whatever was opened from it: its credentials die with their next request, on every
   * replica. False: none of that name is open. Denial `state_unavailable`.
   */
  async end(agent: Agent, taskId: string, why: Omit<Revocation, 'issuedUntilMs'>): Promise<boolean> {
    const isOwn = agent.session?.task.id === taskId || this.findOwn(agent, taskId) !== undefined
    if (!isOwn) return false
    const { revocations } = this.#options
    await orStateUnavailable(
      revocations.revoke({ kind: 'task', id: taskIn(agent.root, taskId) }, why),
      NOT_WRITTEN,
    )
    await orStateUnavailable(this.#open.remove(agent.root, taskId), NOT_WRITTEN)
    return true
  }

  /**
   * Returns the open task of this name, if it is carried on. A task that ended stays ended. One that is open goes on
   * only where its agent proves who it is by each call.
   */
  #carriedOn({ agentId, root, parent }: Opener, id: string, mayContinue: boolean): KnownTask | undefined {
    const { revocations } = this.#options
    if (revocations.isTaskEnded(root, id)) {
      throw new Denial('revoked', `Task ${quoteUntrusted(id)} was ended; give a new one a name of its own.`)
    }
    const open = this.#open.find(root, id)
    // A session carries on its own task and no other: approvals, pace and dwell go by tasks.
    const isTheirs = open?.agentId === agentId && (parent === undefined || parent.task.id === id)
    if (open === undefined || (mayContinue && isTheirs && !open.isUnreadable)) return open
    const why = open.isUnreadable ? ', and another version of Moderato opened it' : ''
    throw new Denial('policy_denied', `A task ${quoteUntrusted(id)} is open${why}.`, {
      next: 'Give this one a name of its own.',
    })
  }

  #verdict(
    { agentId, root, parent }: Opener,
    asked: TaskRequest & { durationSeconds: number },
    id: string,
  ): TaskVerdict {
    const engine = this.#options.policy()
    let verdict: TaskVerdict
    try {
      verdict = engine.judgeTask({
        agent: policyAgent(agentId, root),
        task: {
          id,
          intent: asked.intent ?? '',
          justification: asked.justification ?? '',
          ticket: asked.ticket ?? '',
          grants: asked.grants,
          durationSeconds: asked.durationSeconds,
          // With a role of its own it may do what its parent could not.
          child: parent !== undefined && (asked.roleArn ?? parent.task.roleArn) === parent.task.roleArn,
        },
      })
    } catch (cause) {
      throw new Denial('policy_error', 'Policy could not be asked, so no task was opened.', { cause })
    }
    if (verdict.allow) return verdict
    throw new Denial('policy_denied', verdict.messages.join(' '), {
      policy: this.#policyOf(verdict),
      next: 'Ask for a task that policy allows, or have an operator change what it allows.',
    })
  }

  #policyOf({ rules }: TaskVerdict) {
    const { name: engine, revision } = this.#options.policy()
    return { engine, revision, rules }
  }
}

function issued(sessions: Sessions, session: Session): Sealed {
  try {
    return sessions.issue(session)
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new Denial('malformed_request', 'The task names too much for one session token.', {
      cause,
      next: 'Ask for fewer, wider patterns.',
    })
  }
}
