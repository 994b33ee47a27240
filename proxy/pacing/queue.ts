/**
 * The queue of calls that wait for their turn: first come, first served in each bucket.
 *
 * A call waits in its holder's lane. Only a call that no earlier one of the lane shares a bucket with is tried on
 * the limiter, so a small call never overtakes a big one, and one that leaves lets those behind move up, uncharged.
 * A lane is worked through by one task at a time, which keeps the order for a limiter that answers later, too.
 */
import type { Clock } from '../ports.ts'
import { canFit } from './gcra.ts'
import type { Charge, Limiter, Turn } from './limiter.ts'
import { foreseeTurn } from './schedule.ts'

export interface Timer {
  /** Calls `fire` once, `ms` from now; the answer cancels it. */
  after(ms: number, fire: () => void): () => void
}

export interface QueueLimits {
  /** Calls held at once of one holder, and of all together. */
  readonly heldPerAgent: number
  readonly held: number
}

export interface PassRequest {
  /** The agent: the owner of the lane. */
  readonly holder: string
  readonly charges: readonly Charge[]
  readonly maxWaitMs: number
  /** Aborted when nobody waits for the answer any more. */
  readonly gone: AbortSignal
}

/** How a request left the queue; charged only if `go`. `limiting` is the index of a charge. */
export type Passage =
  | { readonly kind: 'go'; readonly waitedMs: number }
  | { readonly kind: 'late'; readonly turnAtMs: number; readonly limiting: number }
  | { readonly kind: 'never'; readonly limiting: number }
  | { readonly kind: 'full' | 'gone' | 'draining' }

interface Waiter {
  readonly request: PassRequest
  readonly arrivedAtMs: number
  readonly settle: (passage: Passage) => void
  readonly fail: (error: unknown) => void
  /** The limiter's answer, if it was asked on arrival. */
  firstTurn: Turn | Promise<Turn> | undefined
  place: 'new' | 'behind' | 'first' | 'left'
  /** When to look at it again. */
  wakeAtMs: number
}

interface Lane {
  readonly holder: string
  readonly waiters: Waiter[]
  busy: boolean
  again: boolean
  cancelTimer: () => void
}

/** A held call may go this much after its `maxWait`: timers fire late, and the slip of those ahead adds up. */
const SLIP_MS = 1_000
const LONGEST_SLEEP_MS = 60_000
const GO_NOW: Passage = { kind: 'go', waitedMs: 0 }
const FULL: Passage = { kind: 'full' }
const nothing = (): void => {}

export interface PaceQueueDeps {
  readonly limiter: Limiter
  /** Should be steady: it waits longer if it goes back. */
  readonly clock: Clock
  readonly timer: Timer
  readonly limits: QueueLimits
}

export class PaceQueue {
  readonly #limiter: Limiter
  readonly #clock: Clock
  readonly #timer: Timer
  readonly #limits: QueueLimits
  readonly #lanes = new Map<string, Lane>()
  #held = 0
  #draining = false

  constructor({ limiter, clock, timer, limits }: PaceQueueDeps) {
    this.#limiter = limiter
    this.#clock = clock
    this.#timer = timer
    this.#limits = limits
  }

  /**
   * Lets a call pass at its turn, or says why not: at once where that can be said at once. Charged when it passes,
   * and only then. Rejects if the limiter fails; nothing has passed then.
   */
  enter(request: PassRequest): Passage | Promise<Passage> {
    if (request.gone.aborted) return { kind: 'gone' }
    const unfit = request.charges.findIndex(({ rate, weight }) => !canFit(rate, weight))
    if (unfit !== -1) return { kind: 'never', limiting: unfit }
    const nowMs = this.#clock.nowMs()
    const lane = this.#lanes.get(request.holder)
    if (lane !== undefined) {
      return lane.waiters.length < this.#limits.heldPerAgent ? this.#join(lane, request, nowMs) : FULL
    }
    const turn = this.#limiter.take(request.charges, nowMs)
    if (!(turn instanceof Promise) && turn.kind === 'now') return GO_NOW
    return this.#join(newLane(request.holder), request, nowMs, turn)
  }

  /** From now on nothing is held: what waits leaves as `draining`, and so does whatever would have to wait. */
  drain(): void {
    this.#draining = true
    for (const lane of this.#lanes.values()) {
      for (const waiter of lane.waiters.slice()) this.#leave(lane, waiter, { kind: 'draining' })
    }
  }

  /** How many calls wait. */
  get held(): number {
    return this.#held
  }

  #join(
    lane: Lane,
    request: PassRequest,
    arrivedAtMs: number,
    firstTurn?: Turn | Promise<Turn>,
  ): Promise<Passage> {
    this.#lanes.set(lane.holder, lane)
    this.#held += 1
    const { promise, resolve, reject } = Promise.withResolvers<Passage>()
    const onGone = (): void => this.#leave(lane, waiter, { kind: 'gone' })
    const released =
      <T>(end: (value: T) => void) =>
      (value: T): void => {
        request.gone.removeEventListener('abort', onGone)
        end(value)
      }
    const waiter: Waiter = {
      request,
      arrivedAtMs,
      firstTurn,
      settle: released(resolve),
      fail: released(reject),
      place: 'new',
      wakeAtMs: arrivedAtMs,
    }
    request.gone.addEventListener('abort', onGone)
    lane.waiters.push(waiter)
    void this.#work(lane)
    return promise
  }

  /** Works a lane through until nothing in it changes, then sleeps until the next turn. Never rejects. */
  async #work(lane: Lane): Promise<void> {
    lane.again = true
    if (lane.busy) return
    lane.busy = true
    while (lane.again) {
      lane.again = false
      await this.#passThrough(lane)
    }
    lane.busy = false
    lane.cancelTimer()
    if (lane.waiters.length === 0) this.#lanes.delete(lane.holder)
    else lane.cancelTimer = this.#timer.after(this.#sleepMs(lane), () => void this.#work(lane))
  }

  #sleepMs({ waiters }: Lane): number {
    const ms = Math.min(...waiters.map(({ wakeAtMs }) => wakeAtMs)) - this.#clock.nowMs()
    return Math.min(LONGEST_SLEEP_MS, Math.max(1, Math.ceil(ms)))
  }

  async #passThrough(lane: Lane): Promise<void> {
    const claimed = new Set<string>()
    for (const waiter of lane.waiters.slice()) {
      const behind = waiter.request.charges.some(({ key }) => claimed.has(key))
      const sleeps = waiter.place === (behind ? 'behind' : 'first') && this.#clock.nowMs() < waiter.wakeAtMs
      if (!sleeps && !hasLeft(waiter)) await this.#look(lane, waiter, behind)
      if (!hasLeft(waiter)) for (const { key } of waiter.request.charges) claimed.add(key)
    }
  }

  async #look(lane: Lane, waiter: Waiter, behind: boolean): Promise<void> {
    try {
      const passage = await (behind ? this.#waitBehind(lane, waiter) : this.#tryFirst(waiter))
      if (passage !== undefined) this.#remove(lane, waiter)?.settle(passage)
    } catch (error) {
      this.#remove(lane, waiter)?.fail(error)
    }
  }

  async #tryFirst(waiter: Waiter): Promise<Passage | undefined> {
    const asked = waiter.firstTurn ?? this.#limiter.take(waiter.request.charges, this.#clock.nowMs())
    waiter.firstTurn = undefined
    const turn = await asked
    if (turn.kind === 'now') return { kind: 'go', waitedMs: this.#clock.nowMs() - waiter.arrivedAtMs }
    return turn.kind === 'never' ? turn : this.#hold(waiter, turn, 'first', turn.turnAtMs)
  }

  /** Judges once, on arrival, whether its turn comes in time; afterwards it waits to be first. */
  async #waitBehind(lane: Lane, waiter: Waiter): Promise<Passage | undefined> {
    const calls = lane.waiters
      .slice(0, lane.waiters.indexOf(waiter) + 1)
      .map(({ request }) => request.charges)
    const keys = [...new Set(calls.flat().map(({ key }) => key))]
    const tats = await this.#limiter.peek(keys)
    const nowMs = this.#clock.nowMs()
    const turn = foreseeTurn(calls, new Map(keys.map((key, index) => [key, tats[index] ?? Infinity])), nowMs)
    if (turn.kind === 'never') return turn
    const at = turn.kind === 'now' ? { turnAtMs: nowMs, limiting: 0 } : turn
    return this.#hold(waiter, at, 'behind', lastMs(waiter) + SLIP_MS)
  }

  #hold(
    waiter: Waiter,
    turn: { readonly turnAtMs: number; readonly limiting: number },
    place: 'first' | 'behind',
    wakeAtMs: number,
  ): Passage | undefined {
    const patienceMs = waiter.place === 'new' ? lastMs(waiter) : lastMs(waiter) + SLIP_MS
    if (turn.turnAtMs > patienceMs) return { kind: 'late', turnAtMs: turn.turnAtMs, limiting: turn.limiting }
    if (this.#draining) return { kind: 'draining' }
    if (waiter.place === 'new' && this.#held > this.#limits.held) return FULL
    waiter.place = place
    waiter.wakeAtMs = wakeAtMs
    return undefined
  }

  #leave(lane: Lane, waiter: Waiter, passage: Passage): void {
    this.#remove(lane, waiter)?.settle(passage)
    void this.#work(lane)
  }

  /** The waiter, if it still was in the lane. */
  #remove(lane: Lane, waiter: Waiter): Waiter | undefined {
    if (waiter.place === 'left') return undefined
    waiter.place = 'left'
    lane.waiters.splice(lane.waiters.indexOf(waiter), 1)
    this.#held -= 1
    return waiter
  }
}

function newLane(holder: string): Lane {
  return { holder, waiters: [], busy: false, again: false, cancelTimer: nothing }
}

function hasLeft({ place }: Waiter): boolean {
  return place === 'left'
}

function lastMs({ arrivedAtMs, request }: Waiter): number {
  return arrivedAtMs + request.maxWaitMs
}
