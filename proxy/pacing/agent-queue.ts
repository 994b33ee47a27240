/**
 * Queues the calls of one agent that wait for their turn, first come, first served in each bucket.
 *
 * The limiter is tried only for a call that shares no bucket with an earlier one. So a small call never overtakes a big
 * one. A call that leaves is not charged, and those behind it move up. One loop at a time works through the queue, which
 * keeps the order also if the limiter answers later.
 *
 * A call that can be recognised keeps its place for a while after its client left: SDKs send a call again after a
 * timeout. Later calls pass such a place; it is charged only when its call goes, so it gains nothing.
 */
import type { Clock, Timer } from '../core/ports.ts'
import type { Limiter, Turn } from './limiter.ts'
import type { QueueOutcome, QueueRequest } from './queue-outcome.ts'
import { foreseeTurn } from './schedule.ts'
import type { SharedBucketQueues } from './shared-bucket-queues.ts'
import { SLIP_MS, Waiter } from './waiter.ts'

export interface AgentQueueDeps {
  readonly limiter: Limiter
  readonly clock: Clock
  readonly timer: Timer
  readonly shared: SharedBucketQueues
  /** Counts one more held call; if no more may be held, returns why. */
  readonly admit: () => QueueOutcome | undefined
  /** Called for each held call that leaves. */
  readonly left: () => void
  /** Counts one more place without a client; returns false if there are too many. */
  readonly keep: () => boolean
  /** Called for each such place that is taken again or dropped. */
  readonly unkept: () => void
  /** Called when no call waits and no place is kept. */
  readonly emptied: () => void
}

/** Longer than any measured SDK waits before it sends a call again that timed out (botocore: 26 s, for DynamoDB). */
const KEPT_MS = 60_000
const LONGEST_SLEEP_MS = 60_000
const nothing = (): void => {}

/** An AgentQueue holds the waiting calls of one agent in order of arrival. */
export class AgentQueue {
  readonly #deps: AgentQueueDeps
  readonly #waiters: Waiter[] = []
  /** The places of calls that can be recognised, by identity. */
  readonly #places = new Map<string, Waiter>()
  #busy = false
  #again = false
  #cancelTimer = nothing

  constructor(deps: AgentQueueDeps) {
    this.#deps = deps
  }

  /** Returns how many calls wait; places without a client do not count. */
  get held(): number {
    return this.#waiters.filter(({ isAbsent }) => !isAbsent).length
  }

  /** Tells whether one more may join; drops a place without a client if that is needed. */
  makeRoom(size: number): boolean {
    if (this.#waiters.length < size) return true
    const kept = this.#waiters.find(({ place }) => place === 'kept')
    if (kept !== undefined) this.#remove(kept)
    return kept !== undefined
  }

  /** Takes the place of the same call if it came before and was not charged yet; returns undefined if it has none here. */
  rejoin(request: QueueRequest, arrivedAtMs: number): Promise<QueueOutcome> | undefined {
    const waiter = this.#places.size === 0 ? undefined : this.#places.get(request.identity() ?? '')
    if (waiter === undefined) return undefined
    if (!waiter.hasBucketsOf(request)) {
      this.#leave(waiter, { kind: 'replaced' })
      return undefined
    }
    if (waiter.place === 'kept') {
      this.#deps.unkept()
      waiter.place = 'new'
    }
    return this.#occupy(waiter, request, arrivedAtMs)
  }

  /** Adds a call at the end of the queue. `firstTurn` is the limiter's answer for it, if it was asked already. */
  join(request: QueueRequest, arrivedAtMs: number, firstTurn?: Turn | Promise<Turn>): Promise<QueueOutcome> {
    const waiter = new Waiter(request, () => void this.#work())
    waiter.firstTurn = firstTurn
    waiter.wakeAtMs = arrivedAtMs
    if (waiter.identity !== undefined) this.#places.set(waiter.identity, waiter)
    this.#waiters.push(waiter)
    return this.#occupy(waiter, request, arrivedAtMs)
  }

  /** Removes, uncharged, the calls that are no longer allowed: each fails with what its judge threw. */
  reconsider(): void {
    for (const waiter of this.#waiters.slice()) {
      if (waiter.isAbsent) continue
      try {
        waiter.request.judge()
      } catch (error) {
        this.#remove(waiter)?.fail(error)
        void this.#work()
      }
    }
  }

  /** Removes all calls, uncharged, and keeps no place. */
  leaveAll(passage: QueueOutcome): void {
    for (const waiter of this.#waiters.slice()) this.#leave(waiter, passage)
  }

  #occupy(waiter: Waiter, request: QueueRequest, arrivedAtMs: number): Promise<QueueOutcome> {
    const passage = waiter.occupy(request, arrivedAtMs, () => this.#vacate(waiter))
    void this.#work()
    return passage
  }

  #vacate(waiter: Waiter): void {
    if (waiter.identity === undefined || !this.#deps.keep()) {
      this.#leave(waiter, { kind: 'gone' })
      return
    }
    if (waiter.place !== 'new') this.#deps.left()
    waiter.place = 'kept'
    waiter.wakeAtMs = this.#deps.clock.nowMs() + KEPT_MS
    this.#deps.shared.leave(waiter)
    waiter.settle({ kind: 'gone' })
    void this.#work()
  }

  /** Works through the queue until nothing changes, then sleeps until the next turn. Never rejects. */
  async #work(): Promise<void> {
    this.#again = true
    if (this.#busy) return
    this.#busy = true
    while (this.#again) {
      this.#again = false
      await this.#passThrough()
    }
    this.#busy = false
    this.#cancelTimer()
    this.#cancelTimer = nothing
    if (this.#waiters.length === 0) this.#deps.emptied()
    else this.#cancelTimer = this.#deps.timer.after(this.#sleepMs(), () => void this.#work())
  }

  #sleepMs(): number {
    const ms = Math.min(...this.#waiters.map(({ wakeAtMs }) => wakeAtMs)) - this.#deps.clock.nowMs()
    return Math.min(LONGEST_SLEEP_MS, Math.max(1, Math.ceil(ms)))
  }

  async #passThrough(): Promise<void> {
    const claimed = new Set<string>()
    for (const waiter of this.#waiters.slice()) {
      const nowMs = this.#deps.clock.nowMs()
      if (waiter.isAbsent) {
        if (nowMs >= waiter.wakeAtMs) this.#remove(waiter)
        continue
      }
      const isLater = waiter.request.notBeforeMs > nowMs
      const isBehind = isLater || waiter.request.charges.some(({ key }) => claimed.has(key))
      const behind = isBehind || this.#deps.shared.ahead(waiter).length > 0
      const sleeps = waiter.place === (behind ? 'behind' : 'first') && nowMs < waiter.wakeAtMs
      if (!sleeps) await this.#look(waiter, behind, !isBehind)
      if (!isLater && !waiter.isAbsent) for (const { key } of waiter.request.charges) claimed.add(key)
    }
  }

  async #look(waiter: Waiter, behind: boolean, isFirstHere: boolean): Promise<void> {
    try {
      const passage = await (behind ? this.#waitBehind(waiter, isFirstHere) : this.#tryFirst(waiter))
      if (passage !== undefined) this.#remove(waiter)?.settle(passage)
    } catch (error) {
      this.#remove(waiter)?.fail(error)
    }
  }

  async #tryFirst(waiter: Waiter): Promise<QueueOutcome | undefined> {
    const { limiter, clock, shared } = this.#deps
    const asked = waiter.firstTurn ?? limiter.take(waiter.request.charges, clock.nowMs())
    waiter.firstTurn = undefined
    const turn = await asked
    // It is charged even if its client has left by now: a charge is never returned.
    if (turn.kind === 'now') return { kind: 'go', waitedMs: clock.nowMs() - waiter.arrivedAtMs }
    if (turn.kind === 'never') return turn
    waiter.waitFor(turn.limiting)
    const refusal = this.#hold(waiter, turn, 'first', turn.turnAtMs)
    const key = waiter.request.charges[turn.limiting]?.key
    if (refusal !== undefined || waiter.isAbsent) return refusal
    if (key !== undefined && waiter.charges.some((each) => each.key === key)) shared.stand(waiter, key)
    else shared.leave(waiter)
    return undefined
  }

  /** Checks once, on arrival, whether the turn comes in time; afterwards the call waits to be first. */
  async #waitBehind(waiter: Waiter, isFirstHere: boolean): Promise<QueueOutcome | undefined> {
    const { clock, shared, limiter } = this.#deps
    const arrivedMs = clock.nowMs()
    const { notBeforeMs, charges } = waiter.request
    const calls = this.#waiters
      .slice(0, this.#waiters.indexOf(waiter))
      .filter(({ isAbsent, request }) => !isAbsent && request.notBeforeMs <= arrivedMs)
      .map(({ request }) => request.charges)
    calls.push(...shared.ahead(waiter).map((claim) => claim.charges), charges)
    const byKey = new Map(calls.flatMap((each) => each.map(({ key, rate }) => [key, rate] as const)))
    const keys = [...byKey.keys()]
    if (isFirstHere) shared.standBehind(waiter)
    const asked = { rates: [...byKey.values()], nowMs: clock.nowMs() }
    const found = await limiter.peek(keys, asked)
    const nowMs = Math.max(clock.nowMs(), notBeforeMs)
    const tats = new Map(keys.map((key, index) => [key, found[index] ?? Infinity]))
    const turn = foreseeTurn(calls, tats, nowMs)
    if (turn.kind === 'never') return turn
    if (turn.kind === 'at') waiter.waitFor(turn.limiting)
    const at = turn.kind === 'now' ? { turnAtMs: nowMs, limiting: 0 } : turn
    return this.#hold(waiter, at, 'behind', notBeforeMs > arrivedMs ? notBeforeMs : waiter.lastMs + SLIP_MS)
  }

  #hold(
    waiter: Waiter,
    { turnAtMs, limiting }: { readonly turnAtMs: number; readonly limiting: number },
    place: 'first' | 'behind',
    wakeAtMs: number,
  ): QueueOutcome | undefined {
    if (waiter.isAbsent) return undefined
    const isNew = waiter.place === 'new'
    if (turnAtMs > waiter.lastMs + (isNew ? 0 : SLIP_MS)) return { kind: 'late', turnAtMs, limiting }
    const refusal = isNew ? this.#deps.admit() : undefined
    if (refusal !== undefined) return refusal
    waiter.place = place
    waiter.wakeAtMs = wakeAtMs
    return undefined
  }

  #leave(waiter: Waiter, passage: QueueOutcome): void {
    this.#remove(waiter)?.settle(passage)
    void this.#work()
  }

  /** Removes the waiter; returns it if it was still in the queue. */
  #remove(waiter: Waiter): Waiter | undefined {
    const { place, identity } = waiter
    if (place === 'left') return undefined
    if (place === 'kept') this.#deps.unkept()
    else if (place !== 'new') this.#deps.left()
    waiter.place = 'left'
    if (identity !== undefined && this.#places.get(identity) === waiter) this.#places.delete(identity)
    this.#waiters.splice(this.#waiters.indexOf(waiter), 1)
    this.#deps.shared.leave(waiter)
    return waiter
  }
}
