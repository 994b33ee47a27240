/** A machine whose clocks a test moves, and a process on it. */
import type { BootClock } from '../../proxy/state/boot-clock.ts'
import type { Clock } from '../../proxy/core/ports.ts'

const START_MS = 1_795_468_084_000

/** Time as it passes, the wall clock as somebody sets it, and boots. */
export class World implements BootClock, Clock {
  /** Time that really passed. */
  trueMs = 0
  /** How far the wall clock is off. */
  #wallOffMs = 0
  #bootedAtMs = -5_000
  #boots = 0
  #processWallMs = 0
  #processAtMs = 0

  constructor() {
    this.newProcess()
  }

  get bootId(): string {
    return `boot-${this.#boots}`
  }

  steadyMs(): number {
    return this.trueMs - this.#bootedAtMs
  }

  wallMs(): number {
    return START_MS + this.trueMs + this.#wallOffMs
  }

  /** The clock that a process gives its limiter: the wall clock at its start, steady from then on. */
  nowMs(): number {
    return this.#processWallMs + (this.trueMs - this.#processAtMs)
  }

  advance(ms: number): void {
    this.trueMs += ms
  }

  setWallClock(byMs: number): void {
    this.#wallOffMs += byMs
  }

  newProcess(): void {
    this.#processWallMs = this.wallMs()
    this.#processAtMs = this.trueMs
  }

  reboot(): void {
    this.#boots += 1
    this.#bootedAtMs = this.trueMs
    this.newProcess()
  }
}
