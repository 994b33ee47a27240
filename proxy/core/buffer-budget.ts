/** Bounds the memory that bodies take while they are held (rule S9). */

export interface BudgetLimits {
  readonly bufferedTotalBytes: number
  readonly bufferedAgentBytes: number
}

/** How many body bytes are held in memory at once: in all, and for one owner (an agent, or an address before that). */
export class BufferBudget {
  readonly #limits: BudgetLimits
  readonly #byOwner = new Map<string, number>()
  #held = 0

  constructor(limits: BudgetLimits) {
    this.#limits = limits
  }

  /** Takes the bytes, or says no and takes nothing. */
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
