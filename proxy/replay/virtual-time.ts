/** Implements a clock and a timer that move only when told to, so that hours of traffic are replayed quickly. */
import type { Clock, Timer } from '../core/ports.ts'

interface Alarm {
  readonly dueMs: number
  readonly fire: () => void
}

/** Resolves after everything that is ready to run has run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** A VirtualTime is a clock and a timer that only its caller moves. */
export class VirtualTime implements Clock, Timer {
  #nowMs = 0
  readonly #alarms = new Set<Alarm>()

  nowMs(): number {
    return this.#nowMs
  }

  after(ms: number, fire: () => void): () => void {
    const alarm = { dueMs: this.#nowMs + ms, fire }
    this.#alarms.add(alarm)
    return () => this.#alarms.delete(alarm)
  }

  /** Moves forward and fires every timer at its own time. Never moves back. */
  async advanceTo(endMs: number): Promise<void> {
    for (let next = this.#next(); next !== undefined && next.dueMs <= endMs; next = this.#next())
      await this.#ring(next)
    this.#nowMs = Math.max(this.#nowMs, endMs)
  }

  /** Moves forward until no timer is left. */
  async advanceToEnd(): Promise<void> {
    for (let next = this.#next(); next !== undefined; next = this.#next()) await this.#ring(next)
  }

  #ring(alarm: Alarm): Promise<void> {
    this.#alarms.delete(alarm)
    this.#nowMs = Math.max(this.#nowMs, alarm.dueMs)
    alarm.fire()
    return settled()
  }

  #next(): Alarm | undefined {
    let next: Alarm | undefined
    for (const alarm of this.#alarms) if (next === undefined || alarm.dueMs < next.dueMs) next = alarm
    return next
  }
}
