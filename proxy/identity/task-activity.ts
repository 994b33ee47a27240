/**
 * Follows what the tasks of agents did, as far as this process saw it: counts, sessions, and what they leave behind.
 */
import type { Session } from '../core/agent.ts'
import type { Call } from '../core/call.ts'
import { NO_CALLS, type CallCounts } from '../core/call-counts.ts'
import type { Outcome } from '../exchange/outcome.ts'
import { doesAwayWith, leavesBehind, type Leftover } from './leftovers.ts'
import { taskIn } from './revocations.ts'

export interface SeenTask {
  /** The newest of its sessions, without its scopes. */
  session: Session
  lastSeenAtMs: number
  counts: CallCounts
  readonly left: Map<string, Leftover>
  /** What found no room in `left`. */
  leftMore: number
  /** Grows with each thing left, so that each is told of once. */
  leftCount: number
}

/** Bounds of what is kept: some 40 MB if an agent does its worst. */
const MAX_TASKS = 5_000
const MAX_LEFT = 50

export class TaskActivity {
  readonly #tasks = new Map<string, SeenTask>()
  readonly #forgotten: (task: SeenTask) => void

  /** `forgotten` is called with a task for which there is no more room. */
  constructor(forgotten: (task: SeenTask) => void) {
    this.#forgotten = forgotten
  }

  /**
   * Counts one request that is over. Only what a session proved counts for its task, and what it asks of Moderato
   * itself does not.
   */
  finished(outcome: Outcome, nowMs: number): void {
    const { agent, payload, call } = outcome.exchange
    const session = agent?.session
    if (session === undefined || payload === undefined || call?.service === 'moderato') return
    const task = this.#seen(session, nowMs)
    task.counts = counted(task.counts, outcome)
    if (call !== undefined) this.#keepLeft(task, call, outcome, nowMs)
  }

  of(root: string, taskId: string): SeenTask | undefined {
    return this.#tasks.get(taskIn(root, taskId))
  }

  /** Returns a task with all that were opened from it. */
  family(root: string, taskId: string): SeenTask[] {
    return this.all().filter(
      ({ session }) =>
        session.root === root && (session.task.id === taskId || session.task.ancestors.includes(taskId)),
    )
  }

  all(): SeenTask[] {
    return [...this.#tasks.values()]
  }

  forget({ session }: SeenTask): void {
    this.#tasks.delete(taskIn(session.root, session.task.id))
  }

  #seen(session: Session, nowMs: number): SeenTask {
    const name = taskIn(session.root, session.task.id)
    const known = this.#tasks.get(name)
    const slim = known?.session.id === session.id ? known.session : withoutScopes(session)
    const task = known ?? { session: slim, lastSeenAtMs: nowMs, counts: NO_CALLS, ...nothingLeft() }
    task.session = slim
    task.lastSeenAtMs = nowMs
    // The last in order is the one seen last.
    this.#tasks.delete(name)
    this.#tasks.set(name, task)
    if (this.#tasks.size > MAX_TASKS) this.#forgetOldest()
    return task
  }

  #forgetOldest(): void {
    const [oldest] = this.#tasks.values()
    if (oldest === undefined) return
    this.forget(oldest)
    this.#forgotten(oldest)
  }

  #keepLeft(task: SeenTask, call: Call, { exchange, decision }: Outcome, nowMs: number): void {
    const status = exchange.upstream?.status
    // An agent that hangs up early does not see whether its call was carried out, and neither do we.
    const isUnknown = status === undefined && exchange.signed !== undefined && decision !== 'deny'
    if (!isUnknown && !(status !== undefined && status < 300)) return
    for (const resource of leavesBehind(call)) keep(task, call, { resource, answered: !isUnknown, nowMs })
    if (isUnknown) return
    const gone = new Set(doesAwayWith(call))
    for (const [name, { service, resource, lastAtMs }] of task.left) {
      // Answers can be read late: what was made after the deletion was asked for is not what it deleted.
      if (service === call.service && gone.has(resource) && lastAtMs < exchange.receivedAtMs)
        task.left.delete(name)
    }
  }
}

function keep(
  task: SeenTask,
  { service, operation }: Call,
  { resource, answered, nowMs }: { readonly resource: string; readonly answered: boolean; nowMs: number },
): void {
  const name = `${service}:${operation} ${resource}`
  const known = task.left.get(name)
  task.leftCount += 1
  if (known === undefined && task.left.size >= MAX_LEFT) {
    task.leftMore += 1
    return
  }
  task.left.set(name, {
    service,
    operation: operation ?? 'unknown',
    resource,
    times: (known?.times ?? 0) + 1,
    answered: answered || known?.answered === true,
    lastAtMs: nowMs,
  })
}

function nothingLeft(): Pick<SeenTask, 'left' | 'leftMore' | 'leftCount'> {
  return { left: new Map(), leftMore: 0, leftCount: 0 }
}

function withoutScopes(session: Session): Session {
  return { ...session, task: { ...session.task, scopes: [] } }
}

function counted(before: CallCounts, { exchange, decision }: Outcome): CallCounts {
  const waitedMs = Math.round(exchange.waitedMs ?? 0)
  return {
    calls: before.calls + 1,
    forwarded: before.forwarded + (decision === 'allow' ? 1 : 0),
    refused: before.refused + (decision === 'deny' || decision === 'throttle' ? 1 : 0),
    failed: before.failed + (decision === 'abort' || decision === 'error' ? 1 : 0),
    held: before.held + (waitedMs > 0 ? 1 : 0),
    waitedMs: before.waitedMs + waitedMs,
  }
}

/** Returns the counts of several tasks, as one. */
export function sumOf(tasks: readonly SeenTask[]): CallCounts {
  const sum = { ...NO_CALLS }
  for (const { counts } of tasks) {
    for (const name of Object.keys(NO_CALLS) as (keyof CallCounts)[]) sum[name] += counts[name]
  }
  return sum
}
