/**
 * One holder's line of calls that wait for their turn, first come, first served in each bucket.
 *
 * Only a call that no earlier one of the lane shares a bucket with is tried on the limiter, so a small call never
 * overtakes a big one, and one that leaves lets those behind it move up, uncharged. One task at a time works the
 * lane through, which keeps the order for a limiter that answers later, too.
 */
import type { Clock } from '../ports.ts'
import type { Charge, Limiter, Turn } from './limiter.ts'
import { foreseeTurn } from './schedule.ts'

export interface Timer {
  /** Calls `fire` once, `ms` from now; the answer cancels it. */
  after(ms: number, fire: () => void): () => void
}

export interface PassRequest {
  /** The agent: the owner of the lane. */
  readonly holder: string
  readonly charges: readonly Charge[]
  readonly maxWaitMs: number
  /** Throws what forbids the call by now, if anything does; asked whenever `reconsider` is called. */
  readonly judge: () => void
  /** Aborted when nobody waits for the answer any more. */
  readonly gone: AbortSignal
}

/** How a request left; charged only if `go`. `limiting` is the index of a charge. */
export type Passage =
  | { readonly kind: 'go'; readonly waitedMs: number }
  | { readonly kind: 'late'; readonly turnAtMs: number; readonly limiting: number }
  | { readonly kind: 'never'; readonly limiting: number }
  | { readonly kind: 'full' | 'gone' | 'draining' }

export interface LaneDeps {
  readonly limiter: Limiter
  readonly clock: Clock
  readonly timer: Timer
  /** Counts one more held call, unless none may be held: then it says why. */
  readonly admit: () => Passage | undefined
  /** Called for each held call that leaves. */
  readonly left: () => void
  /** Called when nobody waits any more. */
  readonly emptied: () => void
}

interface Waiter {
  readonly request: PassRequest
  readonly arrivedAtMs: number
  readonly settle: (passage: Passage) => void
  readonly fail: (error: unknown) => void
  /** The limiter's answer, if it was asked on arrival. */
  firstTurn: Turn | Promise<Turn> | undefined
  place: 'new' | 'behind' | 'first' | 'left'
  /** When to look at it again, if nothing ahead of it changes. */
  wakeAtMs: number
}

/** A held call may go this much after its `maxWait`: timers fire late, and what those ahead slip adds up. */
const SLIP_MS = 1_000
const LONGEST_SLEEP_MS = 60_000
const nothing = (): void => {}

export class Lane {
  readonly #deps: LaneDeps
  readonly #waiters: Waiter[] = []
  #busy = false
  #again = false
  #cancelTimer = nothing

  constructor(deps: LaneDeps) {
    this.#deps = deps
  }

  get length(): number {
    return this.#waiters.length
  }

  /** Puts a call at the end of the line. `firstTurn` is what the limiter answered for it, if it was asked already. */
  join(request: PassRequest, arrivedAtMs: number, firstTurn?: Turn | Promise<Turn>): Promise<Passage> {
    const { promise, resolve, reject } = Promise.withResolvers<Passage>()
    const onGone = (): void => this.#leave(waiter, { kind: 'gone' })
    const release = (): void => request.gone.removeEventListener('abort', onGone)
    const waiter: Waiter = {
      request,
      arrivedAtMs,
      firstTurn,
      settle: (passage) => (release(), resolve(passage)),
      fail: (error) => (release(), reject(error)),
      place: 'new',
      wakeAtMs: arrivedAtMs,
    }
    request.gone.addEventListener('abort', onGone)
    this.#waiters.push(waiter)
    void this.#work()
    return promise
  }

  /** Sends away, uncharged, whoever may not go on any more: each fails with what its judge threw. */
  reconsider(): void {
    for (const waiter of this.#waiters.slice()) {
      try {
        waiter.request.judge()
      } catch (error) {
        this.#remove(waiter)?.fail(error)
        void this.#work()
      }
    }
  }

  /** Sends everybody away, uncharged. */
  leaveAll(passage: Passage): void {
    for (const waiter of this.#waiters.slice()) this.#leave(waiter, passage)
  }

  /** Works through until nothing changes, then sleeps until the next turn. Never rejects. */
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
      const behind = waiter.request.charges.some(({ key }) => claimed.has(key))
      const sleeps =
        waiter.place === (behind ? 'behind' : 'first') && this.#deps.clock.nowMs() < waiter.wakeAtMs
      if (!sleeps && !hasLeft(waiter)) await this.#look(waiter, behind)
      if (!hasLeft(waiter)) for (const { key } of waiter.request.charges) claimed.add(key)
    }
  }

  async #look(waiter: Waiter, behind: boolean): Promise<void> {
    try {
      const passage = await (behind ? this.#waitBehind(waiter) : this.#tryFirst(waiter))
      if (passage !== undefined) this.#remove(waiter)?.settle(passage)
    } catch (error) {
      this.#remove(waiter)?.fail(error)
    }
  }

  async #tryFirst(waiter: Waiter): Promise<Passage | undefined> {
    const { limiter, clock } = this.#deps
    const asked = waiter.firstTurn ?? limiter.take(waiter.request.charges, clock.nowMs())
    waiter.firstTurn = undefined
    const turn = await asked
    if (turn.kind === 'now') return { kind: 'go', waitedMs: clock.nowMs() - waiter.arrivedAtMs }
    return turn.kind === 'never' ? turn : this.#hold(waiter, turn, 'first', turn.turnAtMs)
  }

  /** Judges once, on arrival, whether its turn comes in time; afterwards it waits to be first. */
  async #waitBehind(waiter: Waiter): Promise<Passage | undefined> {
    const calls: (readonly Charge[])[] = []
    const keys = new Set<string>()
    for (const { request } of this.#waiters.slice(0, this.#waiters.indexOf(waiter) + 1)) {
      calls.push(request.charges)
      for (const { key } of request.charges) keys.add(key)
    }
    const tats = await this.#deps.limiter.peek([...keys])
    const nowMs = this.#deps.clock.nowMs()
    const turn = foreseeTurn(
      calls,
      new Map([...keys].map((key, index) => [key, tats[index] ?? Infinity])),
      nowMs,
    )
    if (turn.kind === 'never') return turn
    const at = turn.kind === 'now' ? { turnAtMs: nowMs, limiting: 0 } : turn
    return this.#hold(waiter, at, 'behind', lastMs(waiter) + SLIP_MS)
  }

  #hold(
    waiter: Waiter,
    { turnAtMs, limiting }: { readonly turnAtMs: number; readonly limiting: number },
    place: 'first' | 'behind',
    wakeAtMs: number,
  ): Passage | undefined {
    if (hasLeft(waiter)) return undefined
    const isNew = waiter.place === 'new'
    if (turnAtMs > lastMs(waiter) + (isNew ? 0 : SLIP_MS)) return { kind: 'late', turnAtMs, limiting }
    const refusal = isNew ? this.#deps.admit() : undefined
    if (refusal !== undefined) return refusal
    waiter.place = place
    waiter.wakeAtMs = wakeAtMs
    return undefined
  }

  #leave(waiter: Waiter, passage: Passage): void {
    this.#remove(waiter)?.settle(passage)
    void this.#work()
  }

  /** The waiter, if it still was in the lane. */
  #remove(waiter: Waiter): Waiter | undefined {
    if (hasLeft(waiter)) return undefined
    if (waiter.place !== 'new') this.#deps.left()
    waiter.place = 'left'
    this.#waiters.splice(this.#waiters.indexOf(waiter), 1)
    return waiter
  }
}

function hasLeft({ place }: Waiter): boolean {
  return place === 'left'
}

function lastMs({ arrivedAtMs, request }: Waiter): number {
  return arrivedAtMs + request.maxWaitMs
}
