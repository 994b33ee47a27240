/**
 * Lines over all lanes: who waits for a bucket that several agents share, first come, first served.
 *
 * A call stands here only while such a bucket is what makes it wait. One that waits for a bucket of its own agent does
 * not, so that no agent holds up another by waiting for itself.
 */
import type { BucketCharge } from './limiter.ts'

/** Somebody in a line. */
export interface Claim {
  readonly charges: readonly BucketCharge[]
  /** Called when nobody is ahead any more. */
  readonly advance: () => void
}

export class SharedBucketQueues {
  readonly #lines = new Map<string, Set<Claim>>()

  /** Whether somebody waits for one of these buckets. */
  isAwaited(charges: readonly BucketCharge[]): boolean {
    return this.#lines.size > 0 && charges.some(({ key }) => this.#lines.has(key))
  }

  /**
   * Who is ahead of a claim, in order. One that stands in lines already minds no others: all lines of a claim were
   * joined at one moment, so there is no circle of claims that wait for each other.
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

  /** Joins the end of the line of one bucket, unless it stands there, and leaves all others. */
  stand(claim: Claim, key: string): void {
    this.leave(claim, key)
    const line = this.#lines.get(key)
    if (line === undefined) this.#lines.set(key, new Set([claim]))
    else line.add(claim)
  }

  /** Joins the ends of all lines that there are for its buckets, unless it stands in one. */
  standBehind(claim: Claim): void {
    const lines = this.#linesOf(claim)
    if (!lines.some((line) => line.has(claim))) for (const line of lines) line.add(claim)
  }

  /** Leaves all lines but that of `staying`; who is first then may try. */
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

  /** The lines in which a claim stands; if it stands in none, all that there are for its buckets. */
  #linesOf(claim: Claim): readonly Set<Claim>[] {
    const lines = claim.charges.flatMap(({ key }) => this.#lines.get(key) ?? [])
    const own = lines.filter((line) => line.has(claim))
    return own.length > 0 ? own : lines
  }
}
