/** Defines the limiter, which charges several buckets at once, all or nothing: the port, and its in-process form. */
import { chargedTatMs, convertedTatMs, FULL_TAT_MS, turnAtMs, usualMs, type Rate } from './gcra.ts'
import { emptiestOf, latestOf, type LiveBucket, type LiveBuckets } from './live-buckets.ts'

/** A BucketCharge is what a call costs in one bucket. */
export interface BucketCharge {
  /** Names the bucket. One call never names a bucket twice. */
  readonly key: string
  readonly rate: Rate
  /** The number of things; a whole number, at least 1. */
  readonly weight: number
}

/** A Turn says when a call may pass; `limiting` is the index of the charge that makes it wait the longest. */
export type Turn =
  | { readonly kind: 'now' }
  | { readonly kind: 'at'; readonly turnAtMs: number; readonly limiting: number }
  | { readonly kind: 'never'; readonly limiting: number }

/** Says in the terms of which rates TATs are asked for, in the order of the keys, and when. */
export interface PeekedAs {
  readonly rates: readonly Rate[]
  readonly nowMs: number
}

/**
 * A Limiter keeps buckets. It answers with a promise if they are in another process. The promise rejects if they cannot
 * be reached, and the caller fails closed.
 */
export interface Limiter {
  /**
   * Charges every bucket if all of them let the call pass now, otherwise none, atomically. With `reserveWithinMs`,
   * a call whose turn comes within that time is charged too, at its turn, and the answer is still `at`.
   */
  take(charges: readonly BucketCharge[], nowMs: number, reserveWithinMs?: number): Turn | Promise<Turn>
  /**
   * Returns the buckets' TATs (`gcra.ts`), in the order of `keys`, as buckets of the rates in `as` have them. Charges
   * nothing.
   */
  peek(keys: readonly string[], as?: PeekedAs): readonly number[] | Promise<readonly number[]>
}

/** Shows the buckets of a limiter to operators, whichever process charged them. */
export interface KeptBuckets {
  /** Returns the buckets that are not full, of all processes: at most `most`, those that are full again last. */
  live(nowMs: number, most: number): LiveBuckets | Promise<LiveBuckets>
  /** Returns, by the head of its keys (`headOf`) and by interval, a rule's emptiest bucket. */
  emptiest(nowMs: number): readonly LiveBucket[] | Promise<readonly LiveBucket[]>
}

const NOW: Turn = { kind: 'now' }

/** Holds what is owed in a bucket, and the interval in whose terms (`usualMs`). */
interface Owed {
  tatMs: number
  intervalMs: number
}
const SWEPT_PER_BUCKET = 2

/**
 * Keeps buckets in this process's memory. It forgets only full buckets, which changes nothing. Each new bucket checks
 * two others, so that idle buckets never outnumber those in use for long.
 */
export class LocalLimiter implements Limiter, KeptBuckets {
  readonly #owed = new Map<string, Owed>()
  #sweep = this.#owed.entries()

  take(charges: readonly BucketCharge[], nowMs: number, reserveWithinMs = 0): Turn {
    let atMs = nowMs
    let limiting = 0
    for (const [index, { key, rate, weight }] of charges.entries()) {
      const turnMs = turnAtMs(this.#tatMs(key, rate, nowMs), nowMs, rate, weight)
      if (turnMs === Infinity) return { kind: 'never', limiting: index }
      if (turnMs <= atMs) continue
      atMs = turnMs
      limiting = index
    }
    if (atMs <= nowMs + reserveWithinMs) this.#charge(charges, atMs, nowMs)
    return atMs === nowMs ? NOW : { kind: 'at', turnAtMs: atMs, limiting }
  }

  peek(keys: readonly string[], as?: PeekedAs): readonly number[] {
    return keys.map((key, index) => {
      const { tatMs = FULL_TAT_MS, intervalMs } = this.#owed.get(key) ?? {}
      const rate = as?.rates[index]
      return rate === undefined ? tatMs : convertedTatMs(tatMs, as?.nowMs ?? 0, intervalMs, usualMs(rate))
    })
  }

  live(nowMs: number, most: number): LiveBuckets {
    return latestOf(this.#live(nowMs), most)
  }

  emptiest(nowMs: number): readonly LiveBucket[] {
    return emptiestOf(this.#live(nowMs))
  }

  *#live(nowMs: number): Iterable<LiveBucket> {
    for (const [key, { tatMs, intervalMs }] of this.#owed)
      if (tatMs > nowMs) yield { key, fullInMs: tatMs - nowMs, intervalMs }
  }

  /** Returns the number of buckets kept. */
  get size(): number {
    return this.#owed.size
  }

  #charge(charges: readonly BucketCharge[], atMs: number, nowMs: number): void {
    for (const { key, rate, weight } of charges) {
      const owed = this.#owed.get(key)
      const tatMs = chargedTatMs(owed?.tatMs ?? FULL_TAT_MS, atMs, rate, weight)
      if (owed === undefined) {
        this.#owed.set(key, { tatMs, intervalMs: usualMs(rate) })
        this.#forgetFull(nowMs)
      } else owed.tatMs = tatMs
    }
  }

  /** Returns the TAT of a bucket, which is kept in the terms of this rate from then on. */
  #tatMs(key: string, rate: Rate, nowMs: number): number {
    const owed = this.#owed.get(key)
    if (owed === undefined) return FULL_TAT_MS
    owed.tatMs = convertedTatMs(owed.tatMs, nowMs, owed.intervalMs, usualMs(rate))
    owed.intervalMs = usualMs(rate)
    return owed.tatMs
  }

  #forgetFull(nowMs: number): void {
    for (let looked = 0; looked < SWEPT_PER_BUCKET; looked += 1) {
      const next = this.#sweep.next()
      if (next.done === true) {
        this.#sweep = this.#owed.entries()
        return
      }
      const [key, { tatMs }] = next.value
      if (tatMs <= nowMs) this.#owed.delete(key)
    }
  }
}
