/** Calls that are held until somebody decides. */
import type { ClientSignal } from '../core/http/client-signal.ts'
import type { Timer } from '../core/ports.ts'
import type { Ledger } from '../state/ledger.ts'

export class Waiting {
  readonly #timer: Timer
  readonly #perAgent: () => number
  readonly #wakes = new Set<() => void>()
  readonly #held = new Map<string, number>()
  #draining = false

  constructor(ledger: Pick<Ledger, 'onChange'>, timer: Timer, perAgent: () => number) {
    this.#timer = timer
    this.#perAgent = perAgent
    ledger.onChange(() => this.#wakeAll())
  }

  /** Runs `hold` as one of the agent's held calls; undefined if it may hold no more. */
  async within<T>(agentId: string, hold: () => Promise<T>): Promise<T | undefined> {
    const held = this.#held.get(agentId) ?? 0
    if (this.#draining || held >= this.#perAgent()) return undefined
    this.#held.set(agentId, held + 1)
    try {
      return await hold()
    } finally {
      const left = (this.#held.get(agentId) ?? 1) - 1
      if (left === 0) this.#held.delete(agentId)
      else this.#held.set(agentId, left)
    }
  }

  /** Resolves when the ledger changes, the time is over, or nobody waits for the answer; false: hold no longer. */
  next(ms: number, gone: ClientSignal): Promise<boolean> {
    if (ms <= 0 || this.#draining || gone.aborted) return Promise.resolve(false)
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const wake = (): void => {
      cancel()
      gone.removeEventListener('abort', wake)
      this.#wakes.delete(wake)
      resolve(!this.#draining)
    }
    const cancel = this.#timer.after(ms, wake)
    gone.addEventListener('abort', wake)
    this.#wakes.add(wake)
    return promise
  }

  /** Has all that are held answered now. */
  drain(): void {
    this.#draining = true
    this.#wakeAll()
  }

  #wakeAll(): void {
    for (const wake of this.#wakes) wake()
  }
}
