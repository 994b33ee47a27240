/** Counts the results of calls in bounded memory. */
import type { Fate } from './records.ts'

/** Waits are counted in steps of this size, up to a little more than the longest wait. */
const STEP_MS = 100
const STEPS = 480

export interface Sum {
  /** Calls that were allowed, at once or after a wait. */
  readonly allowed: number
  readonly waited: number
  /** The median wait of those that waited, to 100 ms; 0 if none did. */
  readonly waitP50Ms: number
  readonly waitMaxMs: number
  readonly throttled: number
  /** The number of denied calls by reason. */
  readonly denied: Readonly<Record<string, number>>
  readonly frozen: number
}

/** A Tally counts the results of calls of one agent and class. */
export class Tally {
  #allowed = 0
  #waited = 0
  #throttled = 0
  #frozen = 0
  #maxMs = 0
  readonly #denied = new Map<string, number>()
  /** The counts of waits; made on the first wait. */
  #waits: Uint32Array | undefined

  add({ decision, reason, waitedMs }: Fate): void {
    if (decision === 'throttle') this.#throttled += 1
    else if (reason === 'frozen') this.#frozen += 1
    else if (decision === 'deny') this.#denied.set(reason, (this.#denied.get(reason) ?? 0) + 1)
    else this.#pass(waitedMs)
  }

  get sum(): Sum {
    return {
      allowed: this.#allowed,
      waited: this.#waited,
      waitP50Ms: this.#p50Ms(),
      waitMaxMs: this.#maxMs,
      throttled: this.#throttled,
      denied: Object.fromEntries(this.#denied),
      frozen: this.#frozen,
    }
  }

  #pass(waitedMs: number): void {
    this.#allowed += 1
    if (waitedMs <= 0) return
    this.#waited += 1
    this.#maxMs = Math.max(this.#maxMs, Math.round(waitedMs))
    this.#waits ??= new Uint32Array(STEPS)
    const step = Math.min(STEPS - 1, Math.floor(waitedMs / STEP_MS))
    this.#waits[step] = (this.#waits[step] ?? 0) + 1
  }

  #p50Ms(): number {
    let left = Math.ceil(this.#waited / 2)
    if (left === 0) return 0
    for (const [step, count] of (this.#waits ?? new Uint32Array()).entries()) {
      left -= count
      if (left <= 0) return Math.min(this.#maxMs, (step + 1) * STEP_MS)
    }
    return this.#maxMs
  }
}
