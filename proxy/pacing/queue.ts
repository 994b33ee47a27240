/** Queues calls that wait for their turn: one queue an agent, bounded for each agent and in total. */
import type { Clock, Timer } from '../core/ports.ts'
import { canFit } from './gcra.ts'
import { AgentQueue } from './agent-queue.ts'
import type { Limiter } from './limiter.ts'
import type { QueueOutcome, QueueRequest } from './queue-outcome.ts'
import { SharedBucketQueues } from './shared-bucket-queues.ts'

export interface QueueLimits {
  /** The most calls held at once for one agent, and for all together. */
  readonly heldPerAgent: number
  readonly held: number
}

export interface PaceQueueDeps {
  readonly limiter: Limiter
  /** Should be monotonic: a clock that goes back lengthens every wait. */
  readonly clock: Clock
  readonly timer: Timer
  readonly limits: QueueLimits
}

const GO_NOW: QueueOutcome = { kind: 'go', waitedMs: 0 }
const FULL: QueueOutcome = { kind: 'full' }
const DRAINING: QueueOutcome = { kind: 'draining' }

/** A PaceQueue lets calls go at their turn and holds those that must wait. */
export class PaceQueue {
  readonly #deps: PaceQueueDeps
  readonly #lanes = new Map<string, AgentQueue>()
  readonly #shared = new SharedBucketQueues()
  #held = 0
  #kept = 0
  #draining = false

  constructor(deps: PaceQueueDeps) {
    this.#deps = deps
  }

  /**
   * Lets a call pass at its turn, or says why not; at once if that is known at once. The call is charged when it passes,
   * and only then. Rejects if the limiter fails; then nothing has passed.
   */
  enter(request: QueueRequest): QueueOutcome | Promise<QueueOutcome> {
    if (request.gone.aborted) return { kind: 'gone' }
    const unfit = request.charges.findIndex(({ rate, weight }) => !canFit(rate, weight))
    if (unfit !== -1) return { kind: 'never', limiting: unfit }
    const { clock, limiter, limits } = this.#deps
    const nowMs = clock.nowMs()
    const lane = this.#lanes.get(request.holder)
    if (lane !== undefined) {
      const again = lane.rejoin(request, nowMs)
      if (again !== undefined) return again
      return lane.makeRoom(limits.heldPerAgent) ? lane.join(request, nowMs) : FULL
    }
    if (request.notBeforeMs > nowMs || this.#shared.isAwaited(request.shared)) {
      return this.#open(request.holder).join(request, nowMs)
    }
    const turn = limiter.take(request.charges, nowMs)
    if (!(turn instanceof Promise) && turn.kind === 'now') return GO_NOW
    return this.#open(request.holder).join(request, nowMs, turn)
  }

  /** Stops holding calls: those that wait leave as `draining`, and so do later ones that would have to wait. */
  drain(): void {
    this.#draining = true
    for (const lane of this.#lanes.values()) lane.leaveAll(DRAINING)
  }

  /** Checks every held call again, at once, after a change that may forbid it. */
  reconsider(): void {
    for (const lane of this.#lanes.values()) lane.reconsider()
  }

  /** Returns the number of calls that wait. */
  get held(): number {
    return this.#held
  }

  /** Returns the number of calls of one agent that wait. */
  heldBy(holder: string): number {
    return this.#lanes.get(holder)?.held ?? 0
  }

  /** Returns the number of places that are kept for calls whose client left. */
  get kept(): number {
    return this.#kept
  }

  #open(holder: string): AgentQueue {
    const { limiter, clock, timer } = this.#deps
    const lane = new AgentQueue({
      limiter,
      clock,
      timer,
      shared: this.#shared,
      admit: () => this.#admit(),
      left: () => (this.#held -= 1),
      keep: () => this.#keep(),
      unkept: () => (this.#kept -= 1),
      emptied: () => this.#lanes.delete(holder),
    })
    this.#lanes.set(holder, lane)
    return lane
  }

  #admit(): QueueOutcome | undefined {
    if (this.#draining) return DRAINING
    if (this.#held >= this.#deps.limits.held) return FULL
    this.#held += 1
    return undefined
  }

  #keep(): boolean {
    if (this.#draining || this.#kept >= this.#deps.limits.held) return false
    this.#kept += 1
    return true
  }
}
