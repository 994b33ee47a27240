/** Uploads under way: calls that were let through while their body still comes, so that nothing has happened yet. */
import { Denial } from '../../core/denial/denial.ts'
import type { Resigned } from '../../exchange/exchange.ts'

/**
 * Judged again when something changed: an agent could otherwise begin uploads, hold them back at the slowest rate
 * allowed, and end them in the middle of a freeze. What was uploaded whole is the service's, and is let be.
 */
export class Uploads {
  readonly #judge: (exchange: Resigned) => void
  readonly #underWay = new Map<Resigned, (denial: Denial) => void>()

  /** `judge` throws the Denial of a call that would not be let through any more. */
  constructor(judge: (exchange: Resigned) => void) {
    this.#judge = judge
  }

  /** `cut` ends the upload before its end; the answer is called when the body has ended by itself. */
  add(exchange: Resigned, cut: (denial: Denial) => void): () => void {
    this.#underWay.set(exchange, cut)
    return () => this.#underWay.delete(exchange)
  }

  reconsider(): void {
    for (const [exchange, cut] of this.#underWay) {
      try {
        this.#judge(exchange)
      } catch (error) {
        this.#underWay.delete(exchange)
        cut(error instanceof Denial ? error : new Denial('internal', 'Moderato failed.', { cause: error }))
      }
    }
  }

  get size(): number {
    return this.#underWay.size
  }
}
