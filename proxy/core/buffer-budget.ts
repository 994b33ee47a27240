/** Bounds the memory that bodies take while they are held (rule S9). */

export interface BudgetLimits {
  readonly bufferedTotalBytes: number
  readonly bufferedAgentBytes: number
}

/** Limits the body bytes held in memory: in total, and for each owner (an agent; its address until the agent is known). */
export class BufferBudget {
  readonly #limits: BudgetLimits
  readonly #byOwner = new Map<string, number>()
  #held = 0

  constructor(limits: BudgetLimits) {
    this.#limits = limits
  }

  /** Takes the bytes and returns true; returns false and takes nothing if a limit would be exceeded. */
  take(owner: string, bytes: number): boolean {
    const own = (this.#byOwner.get(owner) ?? 0) + bytes
    const { bufferedTotalBytes, bufferedAgentBytes } = this.#limits
    if (this.#held + bytes > bufferedTotalBytes || own > bufferedAgentBytes) return false
    this.#held += bytes
    this.#byOwner.set(owner, own)
    return true
  }

  giveBack(owner: string, bytes: number): void {
    const own = (this.#byOwner.get(owner) ?? 0) - bytes
    this.#held -= bytes
    if (own > 0) this.#byOwner.set(owner, own)
    else this.#byOwner.delete(owner)
  }

  get heldBytes(): number {
    return this.#held
  }
}
