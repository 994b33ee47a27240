/** Keeps what was in force when recorded calls were decided, in bounded memory. */
import { RecentMap } from '../core/recent-map.ts'
import {
  mayBeClassedOtherwise,
  type Circumstance,
  type ClassRules,
  type WatcherResponse,
} from './circumstances.ts'
import type { OpenedTask, RecordedCall } from './records.ts'
import type { Surroundings } from './simulation.ts'

const MAX_TASKS = 10_000
const MAX_APPROVALS = 10_000
const MAX_BREAKGLASSES = 1_000
const MAX_AGENTS = 1_000

export class InForce {
  readonly #tasks = new RecentMap<OpenedTask>(MAX_TASKS)
  /** Whether all who approved let the call skip its pace. */
  readonly #skips = new RecentMap<boolean>(MAX_APPROVALS)
  readonly #widens = new RecentMap<boolean>(MAX_BREAKGLASSES)
  /** The last demand for approvals of each agent. */
  readonly #demands = new RecentMap<WatcherResponse>(MAX_AGENTS)
  #classes: ClassRules | undefined

  opened(agent: string, task: OpenedTask): void {
    this.#tasks.set(`${agent} ${task.id}`, task)
  }

  /** Takes what an audit record says. */
  take(circumstance: Circumstance): void {
    switch (circumstance.kind) {
      case 'approval': {
        const { id, skipsPace } = circumstance
        this.#skips.set(id, skipsPace && this.#skips.get(id) !== false)
        return
      }
      case 'breakglass':
        this.#widens.set(circumstance.id, circumstance.widensPace)
        return
      case 'classes':
        this.#classes = { overrides: [], guardedTags: [], ...this.#classes, ...circumstance.rules }
        return
      case 'drift': {
        const { agent, response } = circumstance
        if (response !== undefined && response.factor === undefined) this.#demand(agent, response)
      }
    }
  }

  /** Tells whether a call, as it is recorded now, may have other classes under these rules; unknown rules are the same. */
  isClassedOtherwise({ call }: RecordedCall, rules: ClassRules): boolean {
    return this.#classes !== undefined && mayBeClassedOtherwise(call, this.#classes, rules)
  }

  /** Tells whether people had to approve the call because a watcher said so. */
  isDemanded({ agent, arrivedAtMs, now }: RecordedCall): boolean {
    const demand = this.#demands.get(agent)
    if (now.reason !== 'approval_required' || demand === undefined) return false
    return demand.fromMs <= arrivedAtMs && arrivedAtMs < demand.untilMs
  }

  of({ agent, task, approval, breakglass }: RecordedCall): Surroundings {
    return {
      task: task === undefined ? undefined : this.#tasks.get(`${agent} ${task}`),
      skipsPace: approval !== undefined && this.#skips.get(approval) === true,
      widensPace: breakglass !== undefined && this.#widens.get(breakglass.id) === true,
    }
  }

  #demand(agent: string, { fromMs, untilMs, factor }: WatcherResponse): void {
    const before = this.#demands.get(agent)
    const from = before === undefined || before.untilMs < fromMs ? fromMs : before.fromMs
    this.#demands.set(agent, { factor, fromMs: from, untilMs: Math.max(untilMs, before?.untilMs ?? 0) })
  }
}
