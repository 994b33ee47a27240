/**
 * Implements GCRA, the generic cell rate algorithm, with weights. Pure: one number per bucket, and the interval that it
 * was made by; no timer, no refill job.
 *
 * A bucket's state is its theoretical arrival time (TAT): the time at which it is full again. A call that passes moves
 * the TAT by `weight * intervalMs`. A refused call does not change it, so a retry neither costs nor gains. If the clock
 * goes back, the TAT is further ahead and calls wait longer; that never refills a bucket.
 */

/** A Rate allows one thing every `intervalMs`, and up to `burst` of them at once. */
export interface Rate {
  readonly intervalMs: number
  readonly burst: number
  /** The interval without slowing; undefined: it is not slowed. */
  readonly usualMs?: number
}

/** Is the TAT of a bucket that was never charged. */
export const FULL_TAT_MS = 0

const TICKS_PER_MS = 1024

/**
 * Returns the rate of `things` per `perMs`. The interval is rounded up to 1/1024 ms, so it is never faster than asked
 * for. A double holds such multiples exactly up to the year 2248, so sums of them and of a clock are exact too.
 */
export function rateOf(things: number, perMs: number, burst: number): Rate {
  return { intervalMs: Math.ceil((perMs / things) * TICKS_PER_MS) / TICKS_PER_MS, burst }
}

/** Tells whether `weight` things can ever pass at once. False for an invalid weight: below 1, or not a number. */
export function canFit(rate: Rate, weight: number): boolean {
  return weight >= 1 && weight <= rate.burst
}

/** Returns the earliest time, not before `nowMs`, at which `weight` things may pass; Infinity if they never can. */
export function turnAtMs(tatMs: number, nowMs: number, rate: Rate, weight: number): number {
  if (!canFit(rate, weight)) return Infinity
  return Math.max(nowMs, tatMs - (rate.burst - weight) * rate.intervalMs)
}

/** Returns the TAT after `weight` things passed at `atMs`. */
export function chargedTatMs(tatMs: number, atMs: number, rate: Rate, weight: number): number {
  return Math.max(tatMs, atMs) + weight * rate.intervalMs
}

/** Returns the interval in whose terms a bucket keeps what is owed. Slowing an owner changes nothing of that. */
export function usualMs(rate: Rate): number {
  return rate.usualMs ?? rate.intervalMs
}

/**
 * Returns a TAT as a bucket of another rate has it: as many things are owed as before. So no change of a rate gives a
 * charge back, and none takes one twice. `fromMs` is the interval that the TAT was kept by; undefined: it is not known,
 * and taken for `toMs`.
 */
export function convertedTatMs(
  tatMs: number,
  nowMs: number,
  fromMs: number | undefined,
  toMs: number,
): number {
  if (fromMs === undefined || fromMs === toMs || tatMs <= nowMs) return tatMs
  return nowMs + Math.ceil(((tatMs - nowMs) / fromMs) * toMs * TICKS_PER_MS) / TICKS_PER_MS
}

/** The precision of a burst in `slowed`, in parts of a thing; rounded down, so that slowing never allows more. */
const BURST_PARTS = 1 << 20

/**
 * Returns the rate for `weight` things while their owner is slowed by `factor` (1 means not slowed). Each thing costs
 * `factor` times as long, and none passes earlier than without slowing. A longer interval alone would also increase what
 * may be owed, and give an empty bucket a burst when slowing starts.
 */
export function slowed(rate: Rate, weight: number, factor: number): Rate {
  if (!(factor > 1)) return rate
  const intervalMs = Math.ceil(rate.intervalMs * factor * TICKS_PER_MS) / TICKS_PER_MS
  const room = ((rate.burst - weight) * rate.intervalMs) / intervalMs
  return {
    intervalMs,
    burst: weight + Math.floor(room * BURST_PARTS) / BURST_PARTS,
    usualMs: usualMs(rate),
  }
}
