/**
 * GCRA, the generic cell rate algorithm, weighted. Pure: one number per bucket, no timer, no refill job.
 *
 * A bucket's state is its theoretical arrival time (TAT): the moment at which it is full again. What passes moves
 * the TAT on by `weight * intervalMs`; what is refused leaves it alone, so that a retry neither costs nor gains. A
 * clock that goes back finds the TAT further ahead and waits longer; it never refills a bucket.
 */

/** One thing each `intervalMs`, up to `burst` of them at once. */
export interface Rate {
  readonly intervalMs: number
  readonly burst: number
}

/** The TAT of a bucket that was never charged. */
export const FULL_TAT_MS = 0

const TICKS_PER_MS = 1024

/**
 * The rate of `things` per `perMs`. The interval is rounded up to 1/1024 ms, so it is never faster than asked for.
 * A double holds such multiples exactly up to the year 2248, hence sums of them and of a clock are exact too.
 */
export function rateOf(things: number, perMs: number, burst: number): Rate {
  return { intervalMs: Math.ceil((perMs / things) * TICKS_PER_MS) / TICKS_PER_MS, burst }
}

/** Whether `weight` things can ever pass at once. False for what is no weight: below 1, or not a number. */
export function canFit(rate: Rate, weight: number): boolean {
  return weight >= 1 && weight <= rate.burst
}

/** The earliest moment, not before `nowMs`, at which `weight` things may pass; Infinity if they never can. */
export function turnAtMs(tatMs: number, nowMs: number, rate: Rate, weight: number): number {
  if (!canFit(rate, weight)) return Infinity
  return Math.max(nowMs, tatMs - (rate.burst - weight) * rate.intervalMs)
}

/** The TAT after `weight` things passed at `atMs`. */
export function chargedTatMs(tatMs: number, atMs: number, rate: Rate, weight: number): number {
  return Math.max(tatMs, atMs) + weight * rate.intervalMs
}

/** Parts of a thing to which `slowed` keeps a burst; rounded down, so that slowing never loosens. */
const BURST_PARTS = 1 << 20

/**
 * The rate under which `weight` things go while their owner is slowed by `factor` (1: not at all): each costs `factor`
 * times as long, and nothing comes earlier than it would unslowed. A longer interval alone would also stretch what may
 * be owed, and hand an empty bucket a burst at the moment of slowing.
 */
export function slowed(rate: Rate, weight: number, factor: number): Rate {
  if (!(factor > 1)) return rate
  const intervalMs = Math.ceil(rate.intervalMs * factor * TICKS_PER_MS) / TICKS_PER_MS
  const room = ((rate.burst - weight) * rate.intervalMs) / intervalMs
  return { intervalMs, burst: weight + Math.floor(room * BURST_PARTS) / BURST_PARTS }
}
