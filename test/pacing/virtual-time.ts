/** A clock and a timer that move only when a test says so. */
import type { Clock, Timer } from '../../proxy/core/ports.ts'

interface Alarm {
  dueMs: number
  readonly fire: () => void
}

/** Lets everything that already may run, run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

export class VirtualTime implements Clock, Timer {
  #nowMs: number
  readonly #alarms = new Set<Alarm>()

  constructor(nowMs = 1_795_468_084_000) {
    this.#nowMs = nowMs
  }

  nowMs(): number {
    return this.#nowMs
  }

  after(ms: number, fire: () => void): () => void {
    const alarm = { dueMs: this.#nowMs + ms, fire }
    this.#alarms.add(alarm)
    return () => this.#alarms.delete(alarm)
  }

  get alarms(): number {
    return this.#alarms.size
  }

  /** Moves on, ringing every alarm at its own moment (or `lateMs` after it). */
  async advance(ms: number, lateMs = 0): Promise<void> {
    const endMs = this.#nowMs + ms
    await settled()
    for (;;) {
      const next = [...this.#alarms].sort((a, b) => a.dueMs - b.dueMs)[0]
      if (next === undefined || next.dueMs + lateMs > endMs) break
      this.#alarms.delete(next)
      this.#nowMs = Math.max(this.#nowMs, next.dueMs + lateMs)
      next.fire()
      await settled()
    }
    this.#nowMs = Math.max(this.#nowMs, endMs)
  }

  /** Sets the clock, as an operator's `date` does: timers ring after as long as before. */
  jump(ms: number): void {
    this.#nowMs += ms
    for (const alarm of this.#alarms) alarm.dueMs += ms
  }
}
