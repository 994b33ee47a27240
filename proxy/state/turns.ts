/** Runs pieces of work one after another. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()
  #failures = 0
  #failure: unknown

  /**
   * Runs `work` when all before it is over. If one of those fails meanwhile, this one rejects as it did, and is not run:
   * where a store does not answer, nobody waits for it once for each who came before.
   */
  run<Result>(work: () => Promise<Result>): Promise<Result> {
    const before = this.#failures
    const turn = this.#last.then(async () => {
      if (this.#failures !== before) throw this.#failure
      try {
        return await work()
      } catch (error) {
        this.#failures += 1
        this.#failure = error
        throw error
      }
    })
    this.#last = turn.catch(() => undefined)
    return turn
  }
}
