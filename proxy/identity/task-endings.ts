/** Tells what tasks leave behind when they end, are revoked or expire: in the audit log, and as a warning (rule S23). */
import type { CallCounts } from '../core/call-counts.ts'
import type { Logger } from 'pino'
import type { Audit } from '../audit/audit.ts'
import type { Clock } from '../core/ports.ts'
import type { Outcome } from '../exchange/outcome.ts'
import type { Ledger } from '../state/ledger.ts'
import type { Leftover } from './leftovers.ts'
import type { Revocations } from './revocations.ts'
import { sumOf, TaskActivity, type SeenTask } from './task-activity.ts'

export interface TaskEndingsDeps {
  readonly revocations: Pick<Revocations, 'of'>
  readonly ledger: Pick<Ledger, 'onChange'>
  readonly audit: Pick<Audit, 'append'>
  readonly log: Pick<Logger, 'warn'>
  readonly clock: Clock
}

/** Holds what this process saw of a task and of all that were opened from it. */
export interface TaskSummary {
  readonly counts: CallCounts
  readonly leftBehind: readonly Leftover[]
  /** Things left that found no room in the list; the audit log has them. */
  readonly leftMore: number
}

/** Calls under way when a task ends are over by then. */
const KEPT_AFTER_MS = 20 * 60_000
const SWEPT_EVERY_MS = 10_000

export class TaskEndings {
  readonly activity: TaskActivity
  readonly #deps: TaskEndingsDeps
  /** How much of what each task left was told. */
  readonly #told = new WeakMap<SeenTask, number>()
  #sweptAtMs = -Infinity

  constructor(deps: TaskEndingsDeps) {
    this.#deps = deps
    this.activity = new TaskActivity((task) => this.#tell(task, 'forgotten'))
    deps.ledger.onChange(({ kind }) => {
      if (kind === 'revocation') this.sweep()
    })
  }

  /** Hears of one request that is over. */
  finished(outcome: Outcome): void {
    const nowMs = this.#deps.clock.nowMs()
    this.activity.finished(outcome, nowMs)
    if (nowMs - this.#sweptAtMs >= SWEPT_EVERY_MS) this.sweep()
  }

  /** Returns what was seen of a task; of that agent alone, if one is named. */
  summary(root: string, taskId: string, agentId?: string): TaskSummary {
    const family = this.activity.family(root, taskId)
    const tasks = family.filter(({ session }) => agentId === undefined || session.agentId === agentId)
    return {
      counts: sumOf(tasks),
      leftBehind: tasks.flatMap(({ left }) => [...left.values()]),
      leftMore: tasks.reduce((sum, { leftMore }) => sum + leftMore, 0),
    }
  }

  /** Looks for tasks that are over: at each revocation, and every ten seconds while there is traffic. */
  sweep(): void {
    const nowMs = this.#deps.clock.nowMs()
    this.#sweptAtMs = nowMs
    for (const task of this.activity.all()) {
      const { session } = task
      const cause = this.#deps.revocations.of(session)?.cause
      const isExpired = session.expiresAtMs <= nowMs
      if (cause !== undefined || isExpired) this.#tell(task, cause ?? 'expired')
      if (session.expiresAtMs + KEPT_AFTER_MS <= nowMs) this.activity.forget(task)
    }
  }

  /** Once for each task, and again if more was left by calls that were under way. */
  #tell(task: SeenTask, cause: string): void {
    const { session, counts, left, leftMore, leftCount } = task
    if (this.#told.get(task) === leftCount) return
    this.#told.set(task, leftCount)
    const leftBehind = [...left.values()]
    const { id: taskId } = session.task
    this.#deps.audit.append({
      phase: 'task',
      agent: session.agentId,
      task: taskId,
      session: session.id,
      facts: { root: session.root, cause, counts, leftBehind, leftMore },
    })
    if (leftBehind.length === 0) return
    this.#deps.log.warn(
      { agent: session.agentId, task: taskId, cause, leftBehind, leftMore },
      'a task is over and left things behind that can act without it',
    )
  }
}
