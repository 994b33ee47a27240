/** Whether the client left before its answer was whole. An `AbortSignal` is one. */
export interface ClientSignal {
  readonly aborted: boolean
  /** The listener is called once, when the client leaves; never if it has left already. */
  addEventListener(event: 'abort', listener: () => void): void
  removeEventListener(event: 'abort', listener: () => void): void
}

/** What every request has one of: an `AbortController` costs several times as much. */
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

  /** The client has left. Once. */
  abort(): void {
    this.aborted = true
    for (const listener of this.#listeners.splice(0)) listener()
  }
}
