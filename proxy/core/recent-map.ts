/**
 * A map that forgets what was not used lately. It keeps at least the `capacity` entries that were used last, and at most
 * twice as many.
 *
 * It holds two generations in place of an exact order of use: a hit in the young one moves nothing, so a hit costs what
 * a `Map` costs. `lru-cache` was measured beside it (version 11.5): a hit costs the same, and an empty one takes 26 kB at
 * a capacity of 1,000, because it allocates its lists first. Watchers keep five for each of hundreds of agents.
 */
export class RecentMap<Value> {
  readonly #capacity: number
  #young = new Map<string, Value>()
  #old = new Map<string, Value>()

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** Returns the value of a key, and counts as use. */
  get(key: string): Value | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const old = this.#old.get(key)
    if (old !== undefined) this.set(key, old)
    return old
  }

  /** Sets the value of a key, and counts as use. */
  set(key: string, value: Value): void {
    if (this.#young.size >= this.#capacity && !this.#young.has(key)) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, value)
  }

  /** Forgets a key. */
  delete(key: string): void {
    this.#young.delete(key)
    this.#old.delete(key)
  }

  /** Counts what it holds in memory; a key that stands in both generations counts twice. */
  get size(): number {
    return this.#young.size + this.#old.size
  }
}
