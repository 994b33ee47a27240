/** Tracks uploads in flight: calls that were let through while their body still comes, so that nothing happened yet. */
import { Denial } from '../../core/denial/denial.ts'
import type { Resigned } from '../../exchange/exchange.ts'

/**
 * Judges uploads again when something changes. Otherwise an agent could begin uploads, send them at the slowest rate
 * allowed, and end them in the middle of a freeze. An upload whose body was sent whole is not touched.
 */
export class Uploads {
  readonly #judge: (exchange: Resigned) => void
  readonly #inFlight = new Map<Resigned, (denial: Denial) => void>()

  /** `judge` throws the Denial of a call that would not be let through any more. */
  constructor(judge: (exchange: Resigned) => void) {
    this.#judge = judge
  }

  /** Adds an upload, which `cut` ends early. Returns a function to call once the body has ended by itself. */
  add(exchange: Resigned, cut: (denial: Denial) => void): () => void {
    this.#inFlight.set(exchange, cut)
    return () => this.#inFlight.delete(exchange)
  }

  /** Judges each upload again, and cuts those that would not be let through any more. */
  reconsider(): void {
    for (const [exchange, cut] of this.#inFlight) {
      try {
        this.#judge(exchange)
      } catch (error) {
        this.#inFlight.delete(exchange)
        cut(error instanceof Denial ? error : new Denial('internal', 'Moderato failed.', { cause: error }))
      }
    }
  }

  get size(): number {
    return this.#inFlight.size
  }
}
