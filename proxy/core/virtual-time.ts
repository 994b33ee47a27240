/** A clock and a timer that move only when told to: hours of traffic pass in the time that their decisions take. */
import type { Clock, Timer } from './ports.ts'

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

  /** Starts at a moment; in 2026, if none is given. */
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

  /** Counts the alarms that are to ring. */
  get alarms(): number {
    return this.#alarms.size
  }

  /** Lets what may run, run, and then moves on, ringing every alarm at its own moment (or `lateMs` after it). */
  async advance(ms: number, lateMs = 0): Promise<void> {
    const endMs = this.#nowMs + ms
    await settled()
    await this.advanceTo(endMs, lateMs)
  }

  /** Moves on to a moment, ringing every alarm at its own (or `lateMs` after it). Never back. */
  async advanceTo(endMs: number, lateMs = 0): Promise<void> {
    for (let next = this.#next(); next !== undefined && next.dueMs + lateMs <= endMs; next = this.#next())
      await this.#ring(next, lateMs)
    this.#nowMs = Math.max(this.#nowMs, endMs)
  }

  /** Moves on until no alarm is left. */
  async advanceToEnd(): Promise<void> {
    for (let next = this.#next(); next !== undefined; next = this.#next()) await this.#ring(next, 0)
  }

  /** Sets the clock, as an operator's `date` does: timers ring after as long as before. */
  jump(ms: number): void {
    this.#nowMs += ms
    for (const alarm of this.#alarms) alarm.dueMs += ms
  }

  #ring(alarm: Alarm, lateMs: number): Promise<void> {
    this.#alarms.delete(alarm)
    this.#nowMs = Math.max(this.#nowMs, alarm.dueMs + lateMs)
    alarm.fire()
    return settled()
  }

  #next(): Alarm | undefined {
    let next: Alarm | undefined
    for (const alarm of this.#alarms) if (next === undefined || alarm.dueMs < next.dueMs) next = alarm
    return next
  }
}
