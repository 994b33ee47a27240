/**
 * Follows changes from their last check to the end of their answer: meanwhile it is not known what they will have
 * changed.
 */
import type { Call } from '../core/call.ts'
import type { Approvals } from './approvals.ts'
import { touches } from './dependencies.ts'

interface Change {
  readonly requestId: string
  readonly call: Pick<Call, 'service' | 'resources' | 'operation'>
  /** Of the approval that it was given, if it needed one. */
  readonly digest: string | undefined
}

export class InFlightChanges {
  readonly #approvals: Approvals
  readonly #changes = new Map<string, Change>()
  /** Those whose end could not be written down yet. */
  readonly #over = new Set<string>()

  constructor(approvals: Approvals) {
    this.#approvals = approvals
  }

  /**
   * Voids what depends on it. Once more when it is over: meanwhile others may have asked, and been given. Rejects if the
   * store fails; then the change does not go on.
   */
  async begin(change: Change): Promise<void> {
    this.#changes.set(change.requestId, change)
    try {
      await this.#void(change)
    } catch (error) {
      this.#changes.delete(change.requestId)
      throw error
    }
  }

  /** Tells whether another change under way may reach what an approval depends on. */
  reaches(requestId: string, names: readonly string[], service: string): boolean {
    if (names.length === 0) return false
    return [...this.#changes.values()].some(
      (change) => change.requestId !== requestId && touches(change.call, names, service),
    )
  }

  /** Undefined for a request that never began, as most are. If the store fails, it is over with the next one that is. */
  end(requestId: string): Promise<void> | undefined {
    if (!this.#changes.has(requestId)) return undefined
    this.#over.add(requestId)
    return this.#settle()
  }

  async #settle(): Promise<void> {
    for (const requestId of this.#over) {
      const change = this.#changes.get(requestId)
      if (change !== undefined) await this.#void(change)
      this.#changes.delete(requestId)
      this.#over.delete(requestId)
    }
  }

  #void({ call, digest }: Change): Promise<void> {
    const why = `${call.service}:${call.operation} changed what it depends on`
    return this.#approvals.voidTouched(call, why, digest)
  }
}
