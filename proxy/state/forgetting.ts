/** Forgets entries whose time has long been over: a store has forgotten them by then, or counts them so. */
import { LEDGER_KEPT_MS } from './store.ts'

const LOOKS_EVERY_MS = 3_600_000

export class Forgetting {
  #nextMs = -Infinity

  /** Looks through all of them, once an hour: twice as long as a store keeps them is long enough for every clock. */
  from(maps: Iterable<Map<string, { readonly expiresAtMs: number | undefined }>>, nowMs: number): void {
    if (nowMs < this.#nextMs) return
    this.#nextMs = nowMs + LOOKS_EVERY_MS
    for (const entries of maps) {
      for (const [name, { expiresAtMs = Infinity }] of entries) {
        if (expiresAtMs + 2 * LEDGER_KEPT_MS < nowMs) entries.delete(name)
      }
    }
  }
}
