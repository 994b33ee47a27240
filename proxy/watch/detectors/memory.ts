/** Bounded memories of detectors. When one is full, the oldest goes first. */

/** What happened lately, in order. */
export class Lately<Item> {
  readonly #capacity: number
  readonly #items: { readonly atMs: number; readonly item: Item }[] = []

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  add(item: Item, atMs: number): void {
    this.#items.push({ atMs, item })
    if (this.#items.length > this.#capacity) this.#items.shift()
  }

  /** What is not older than `withinMs`, nor from before a clock was set back. */
  within(withinMs: number, nowMs: number): readonly Item[] {
    const found: Item[] = []
    for (const { atMs, item } of this.#items) if (atMs <= nowMs && nowMs - atMs <= withinMs) found.push(item)
    return found
  }
}

/** A map that forgets what was not used for longest. */
export class LruMap<Value> {
  readonly #capacity: number
  readonly #values = new Map<string, Value>()
  /** The key used last, which is in its place already. */
  #newest: string | undefined

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** Counts as use. */
  get(key: string): Value | undefined {
    const value = this.#values.get(key)
    if (value === undefined || key === this.#newest) return value
    this.#values.delete(key)
    this.#values.set(key, value)
    this.#newest = key
    return value
  }

  set(key: string, value: Value): void {
    this.#values.delete(key)
    this.#values.set(key, value)
    this.#newest = key
    if (this.#values.size <= this.#capacity) return
    for (const oldest of this.#values.keys()) {
      this.#values.delete(oldest)
      return
    }
  }

  delete(key: string): void {
    this.#values.delete(key)
  }

  get size(): number {
    return this.#values.size
  }
}
