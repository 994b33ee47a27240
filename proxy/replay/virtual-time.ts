/** A clock and a timer that move only when told to: hours of traffic pass in the time that their decisions take. */
import type { Clock, Timer } from '../core/ports.ts'

interface Alarm {
  readonly dueMs: number
  readonly fire: () => void
}

/** Lets everything that already may run, run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

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

  /** Moves on, ringing every alarm at its own moment. Never back. */
  async advanceTo(endMs: number): Promise<void> {
    for (let next = this.#next(); next !== undefined && next.dueMs <= endMs; next = this.#next())
      await this.#ring(next)
    this.#nowMs = Math.max(this.#nowMs, endMs)
  }

  /** Moves on until no alarm is left. */
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
