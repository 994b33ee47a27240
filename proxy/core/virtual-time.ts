/** Implements a clock and a timer that move only when told to, so that hours of traffic pass quickly in replay and in tests. */
import type { Clock, Timer } from './ports.ts'

interface Alarm {
  dueMs: number
  readonly fire: () => void
}

/** Resolves after everything that is ready to run has run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** A VirtualTime is a clock and a timer that only its caller moves. */
export class VirtualTime implements Clock, Timer {
  #nowMs: number
  readonly #alarms = new Set<Alarm>()

  /** Starts at a time; without one it starts in 2026. */
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

  /** Counts the timers that are still to fire. */
  get alarms(): number {
    return this.#alarms.size
  }

  /** Lets everything that is ready run, then moves forward and fires every timer at its own time (or `lateMs` after it). */
  async advance(ms: number, lateMs = 0): Promise<void> {
    const endMs = this.#nowMs + ms
    await settled()
    await this.advanceTo(endMs, lateMs)
  }

  /** Moves forward to a time and fires every timer at its own time (or `lateMs` after it). Never moves back. */
  async advanceTo(endMs: number, lateMs = 0): Promise<void> {
    for (let next = this.#next(); next !== undefined && next.dueMs + lateMs <= endMs; next = this.#next())
      await this.#ring(next, lateMs)
    this.#nowMs = Math.max(this.#nowMs, endMs)
  }

  /** Moves forward until no timer is left. */
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
