/** Tells whether the client left before its answer was complete. An `AbortSignal` is one. */
export interface ClientSignal {
  readonly aborted: boolean
  /** The listener is called once, when the client leaves; never if it has left already. */
  addEventListener(event: 'abort', listener: () => void): void
  removeEventListener(event: 'abort', listener: () => void): void
}

/** Implements ClientSignal for every request: an `AbortController` costs several times as much. */
export class ClientGone implements ClientSignal {
  aborted = false
  readonly #listeners: (() => void)[] = []

  addEventListener(_event: 'abort', listener: () => void): void {
    if (!this.aborted) this.#listeners.push(listener)
  }

  removeEventListener(_event: 'abort', listener: () => void): void {
    const index = this.#listeners.indexOf(listener)
    if (index >= 0) this.#listeners.splice(index, 1)
  }

  /** Says that the client has left. May be called once only. */
  abort(): void {
    this.aborted = true
    for (const listener of this.#listeners.splice(0)) listener()
  }
}
