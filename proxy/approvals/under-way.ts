/** Changes between their last check and the end of their answer: what they will have changed is not known yet. */
import type { Call } from '../exchange.ts'
import type { Approvals } from './approvals.ts'
import { touches } from './depends-on.ts'

interface Change {
  readonly requestId: string
  readonly call: Pick<Call, 'service' | 'resources' | 'operation'>
  /** Of the approval that it was given, if it needed one. */
  readonly digest: string | undefined
}

export class UnderWay {
  readonly #approvals: Approvals
  readonly #changes = new Map<string, Change>()

  constructor(approvals: Approvals) {
    this.#approvals = approvals
  }

  /** Voids what depends on it. Once more when it is over: meanwhile others may have asked, and been given. */
  async begin(change: Change): Promise<void> {
    this.#changes.set(change.requestId, change)
    await this.#void(change)
  }

  /** Whether another change under way may reach what an approval depends on. */
  reaches(requestId: string, names: readonly string[], service: string): boolean {
    if (names.length === 0) return false
    return [...this.#changes.values()].some(
      (change) => change.requestId !== requestId && touches(change.call, names, service),
    )
  }

  /** Undefined for a request that never began, as most are. If the store fails, the change stays under way for good. */
  end(requestId: string): Promise<void> | undefined {
    const change = this.#changes.get(requestId)
    return change && this.#void(change).then(() => void this.#changes.delete(requestId))
  }

  #void({ call, digest }: Change): Promise<void> {
    const why = `${call.service}:${call.operation} changed what it depends on`
    return this.#approvals.voidTouched(call, why, digest)
  }
}
