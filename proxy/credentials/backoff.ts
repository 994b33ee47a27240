/** Waits ever longer between attempts while they fail. Pure: the clock is passed in. */
import type { Clock } from '../core/ports.ts'
import { RecentMap } from '../core/recent-map.ts'

const FIRST_MS = 1_000
const LONGEST_MS = 30_000
/** Entries go with their next success; the bound is a backstop. */
const MAX_NAMES = 10_000

interface Failing {
  readonly waitMs: number
  readonly untilMs: number
}

/** Counts attempts by name: one name's failures hold up no other's. */
export class Backoff {
  readonly #clock: Clock
  readonly #failing = new RecentMap<Failing>(MAX_NAMES)

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Returns how long no attempt is to be made; 0 if one may be made now. */
  waitMs(name: string): number {
    const failing = this.#failing.get(name)
    return failing === undefined ? 0 : Math.max(0, failing.untilMs - this.#clock.nowMs())
  }

  failed(name: string): void {
    const before = this.#failing.get(name)
    // Attempts that were under way together fail once.
    if (before !== undefined && this.waitMs(name) > 0) return
    const waitMs = before === undefined ? FIRST_MS : Math.min(before.waitMs * 2, LONGEST_MS)
    this.#failing.set(name, { waitMs, untilMs: this.#clock.nowMs() + waitMs })
  }

  succeeded(name: string): void {
    this.#failing.delete(name)
  }
}
