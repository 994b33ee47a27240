/**
 * Queues the calls of all agents that wait for a shared bucket, first come, first served.
 *
 * A call is here only while a shared bucket makes it wait. A call that waits for a bucket of its own agent is not, so
 * that no agent holds up another by waiting for itself.
 */
import type { BucketCharge } from './limiter.ts'

/** A Claim is a call in such a queue. */
export interface Claim {
  readonly charges: readonly BucketCharge[]
  /** Called when no claim is ahead any more. */
  readonly advance: () => void
}

/** Holds one queue for each shared bucket that a call waits for. */
export class SharedBucketQueues {
  readonly #lines = new Map<string, Set<Claim>>()

  /** Tells whether a claim waits for one of these buckets. */
  isAwaited(charges: readonly BucketCharge[]): boolean {
    return this.#lines.size > 0 && charges.some(({ key }) => this.#lines.has(key))
  }

  /**
   * Returns the claims ahead of a claim, in order. A claim that is in queues already ignores all others: it joined all
   * its queues at one time, so no claims wait for each other in a circle.
   */
  ahead(claim: Claim): readonly Claim[] {
    if (this.#lines.size === 0) return []
    const found = new Set<Claim>()
    for (const line of this.#linesOf(claim)) {
      for (const each of line) {
        if (each === claim) break
        found.add(each)
      }
    }
    return [...found]
  }

  /** Joins the end of the queue of one bucket, unless it is in it, and leaves all others. */
  stand(claim: Claim, key: string): void {
    this.leave(claim, key)
    const line = this.#lines.get(key)
    if (line === undefined) this.#lines.set(key, new Set([claim]))
    else line.add(claim)
  }

  /** Joins the ends of all existing queues for its buckets, unless it is in one. */
  standBehind(claim: Claim): void {
    const lines = this.#linesOf(claim)
    if (!lines.some((line) => line.has(claim))) for (const line of lines) line.add(claim)
  }

  /** Leaves all queues except that of `staying`; the claims that become first may try. */
  leave(claim: Claim, staying?: string): void {
    for (const { key } of claim.charges) {
      const line = this.#lines.get(key)
      if (line === undefined || key === staying || !line.has(claim)) continue
      const wasFirst = line.values().next().value === claim
      line.delete(claim)
      if (line.size === 0) this.#lines.delete(key)
      else if (wasFirst) line.values().next().value?.advance()
    }
  }

  /** Returns the queues that a claim is in; if it is in none, all existing ones for its buckets. */
  #linesOf(claim: Claim): readonly Set<Claim>[] {
    const lines = claim.charges.flatMap(({ key }) => this.#lines.get(key) ?? [])
    const own = lines.filter((line) => line.has(claim))
    return own.length > 0 ? own : lines
  }
}
