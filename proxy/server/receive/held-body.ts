/** Holds one body: on account of its connection, and of the agent once that is verified (rule S28). */
import type { BufferBudget } from '../../core/buffer-budget.ts'
import { Denial } from '../../core/denial/denial.ts'
import type { UnverifiedBody } from '../../core/unverified-bytes.ts'
import { tooMuchHeld } from '../../sigv4/body-hold.ts'

export class HeldBody implements UnverifiedBody {
  readonly connection: object
  readonly #budget: BufferBudget
  /** Undefined until the agent is verified. */
  #agent: string | undefined
  #heldBytes = 0
  /** Refuses the body; undefined while there is nothing more to come. */
  #refuse: ((denial: Denial) => void) | undefined

  constructor(connection: object, budget: BufferBudget) {
    this.connection = connection
    this.#budget = budget
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  /** Takes room for further bytes; throws Denial `overloaded` if there is none. */
  take(bytes: number): void {
    const hasRoom =
      this.#agent === undefined
        ? this.#budget.takeUnverified(this, bytes)
        : this.#budget.take(this.#agent, bytes)
    if (!hasRoom) throw tooMuchHeld()
    this.#heldBytes += bytes
  }

  /** Moves what is held to the agent; throws Denial `overloaded` if it holds too much, and then holds nothing. */
  chargeTo(agent: string): void {
    if (agent === this.#agent) return
    const bytes = this.#heldBytes
    this.giveBack()
    this.#agent = agent
    this.take(bytes)
  }

  /** Gives back all that is held. */
  giveBack(): void {
    if (this.#agent === undefined) this.#budget.giveBackUnverified(this)
    else this.#budget.giveBack(this.#agent, this.#heldBytes)
    this.#heldBytes = 0
  }

  /** Says that more is to come, and how the body is refused meanwhile. */
  unfinished(refuse: (denial: Denial) => void): void {
    this.#refuse = refuse
  }

  /** Says that nothing more will be taken. */
  settled(): void {
    this.#refuse = undefined
  }

  giveWay(): boolean {
    if (this.#refuse === undefined) return false
    this.#refuse(
      new Denial('overloaded', 'Too many bytes of unfinished request bodies are held; this was a large one.'),
    )
    this.giveBack()
    return true
  }
}
