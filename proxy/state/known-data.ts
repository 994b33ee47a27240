/** Knows by which data of a shared store calls are judged here, so that none goes that was judged by lost data. */
import type { Position } from './store.ts'
import { UnfitStore } from './store-failure.ts'

export class KnownData {
  #seen: Position | undefined
  /** When this process heard that the store has other data than before, by its wall clock. */
  #changedAtMs = -Infinity
  readonly #nowMs: () => number

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** Returns where the store stood when it was heard last. */
  get seen(): Position | undefined {
    return this.#seen
  }

  saw(position: Position): void {
    const before = this.#seen
    const isOther =
      before !== undefined && (before.epoch !== position.epoch || position.revision < before.revision)
    if (isOther) this.#changedAtMs = this.#nowMs()
    this.#seen = position
  }

  /** Throws `UnfitStore` for a call that was received before the store's data changed: it was judged by the old ones. */
  check(receivedAtMs: number): void {
    if (receivedAtMs <= this.#changedAtMs) throw changed()
  }
}

/** Says that a store has other data than this process judged by. */
export function changed(): UnfitStore {
  return new UnfitStore('the state store lost what it had: it is read again before anything is changed')
}
