/** Bounds the memory that bodies take while they are held (rules S9 and S28). */
import { type UnverifiedBody, UnverifiedBytes } from './unverified-bytes.ts'

export interface BudgetLimits {
  readonly bufferedTotalBytes: number
  readonly bufferedAgentBytes: number
}

/** The part of the total that bodies of unverified senders may take: the rest is there for verified agents. */
const UNVERIFIED_SHARE = 0.5

/** Limits the body bytes held in memory: in total, for each verified agent, and for each connection before that. */
export class BufferBudget {
  readonly #limits: BudgetLimits
  readonly #byAgent = new Map<string, number>()
  readonly #unverified = new UnverifiedBytes()
  #agentsBytes = 0

  constructor(limits: BudgetLimits) {
    this.#limits = limits
  }

  /** Takes the bytes and returns true; returns false and takes nothing if a limit would be exceeded. */
  take(agent: string, bytes: number): boolean {
    const own = (this.#byAgent.get(agent) ?? 0) + bytes
    const { bufferedTotalBytes, bufferedAgentBytes } = this.#limits
    if (this.heldBytes + bytes > bufferedTotalBytes || own > bufferedAgentBytes) return false
    this.#agentsBytes += bytes
    this.#byAgent.set(agent, own)
    return true
  }

  giveBack(agent: string, bytes: number): void {
    const own = (this.#byAgent.get(agent) ?? 0) - bytes
    this.#agentsBytes -= bytes
    if (own > 0) this.#byAgent.set(agent, own)
    else this.#byAgent.delete(agent)
  }

  /** The same for a body whose sender is not verified: a heavier one that is not whole yet gives way to it. */
  takeUnverified(body: UnverifiedBody, bytes: number): boolean {
    const { bufferedTotalBytes, bufferedAgentBytes } = this.#limits
    return this.#unverified.take(body, bytes, {
      totalBytes: Math.min(bufferedTotalBytes * UNVERIFIED_SHARE, bufferedTotalBytes - this.#agentsBytes),
      // A connection has at least one agent behind it.
      connectionBytes: bufferedAgentBytes,
    })
  }

  /** Gives back all that the body holds. */
  giveBackUnverified(body: UnverifiedBody): void {
    this.#unverified.giveBack(body)
  }

  get heldBytes(): number {
    return this.#agentsBytes + this.#unverified.heldBytes
  }
}
