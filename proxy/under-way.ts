/** The calls that are under way now, so that those of a session that ends can be cut: long uploads do not outlive it. */
import type { Verified } from './exchange.ts'

export class UnderWay {
  readonly #calls = new Map<string, Set<Verified>>()

  /** How many calls of an agent are under way. */
  count(agentId: string): number {
    return this.#calls.get(agentId)?.size ?? 0
  }

  /** Takes note of a call, until its answer is sent or its client is gone. */
  add(exchange: Verified): void {
    const { id } = exchange.agent
    let own = this.#calls.get(id)
    if (own === undefined) this.#calls.set(id, (own = new Set()))
    own.add(exchange)
    const calls = own
    exchange.reply.once('close', () => {
      calls.delete(exchange)
      if (calls.size === 0 && this.#calls.get(id) === calls) this.#calls.delete(id)
    })
  }

  /** Ends every call for which it holds, without an answer; upstream it is cancelled. */
  cut(ended: (exchange: Verified) => boolean): void {
    for (const calls of this.#calls.values()) {
      for (const exchange of calls) if (ended(exchange)) exchange.reply.destroy()
    }
  }
}
