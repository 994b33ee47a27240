/** Remembers what happened lately, in order. When it is full, the oldest goes first. */
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

  /** Returns what is not older than `withinMs`, nor from before a clock was set back. */
  within(withinMs: number, nowMs: number): readonly Item[] {
    const found: Item[] = []
    for (const { atMs, item } of this.#items) if (atMs <= nowMs && nowMs - atMs <= withinMs) found.push(item)
    return found
  }
}
