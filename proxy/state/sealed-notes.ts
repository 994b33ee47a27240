/** Keeps short values in the store, sealed: nobody who got at the store can make one up. An older one can be put back. */
import type { Seal } from './seal.ts'
import type { NoteStore } from './store.ts'

export class SealedNotes {
  readonly #store: NoteStore
  readonly #seal: Seal

  constructor(store: NoteStore, seal: Seal) {
    this.#store = store
    this.#seal = seal
  }

  /** Returns what was kept under a name; undefined: nothing, or it was not sealed here. Rejects if the store fails. */
  async get(name: string): Promise<unknown> {
    const text = await this.#store.get(name)
    return text === undefined ? undefined : this.#seal.openNote(name, text)
  }

  /** Keeps a value. Rejects if the store fails. */
  set(name: string, value: unknown): Promise<void> {
    return this.#store.set(name, this.#seal.note(name, value))
  }
}
