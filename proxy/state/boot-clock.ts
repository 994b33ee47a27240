/** Keeps a time that outlives a process, for a store whose buckets do. */
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** Reads the clocks of the machine, as it runs since it was started. */
export interface BootClock {
  /** Names this boot: while it is the same, `steadyMs` goes on across processes. */
  readonly bootId: string
  /** Milliseconds since some moment of this boot; never set, never goes back. */
  steadyMs(): number
  /** Milliseconds since the epoch, as somebody set it. */
  wallMs(): number
}

/** Holds what a store knows of time: `steadyMs + aheadMs` was its time on that boot, `lastMs` the latest it knows. */
export interface Anchor {
  readonly bootId: string
  readonly aheadMs: number
  readonly lastMs: number
}

const TICKS_PER_MS = 1024

/**
 * Returns the machine's own clocks. Linux counts from its boot for all processes; elsewhere nothing names a boot, so
 * each process counts as one, and a wall clock that was set forward between two of them is believed.
 */
export function machineClock(): BootClock {
  return {
    bootId: bootIdOf(),
    steadyMs: () => Number(process.hrtime.bigint()) / 1e6,
    wallMs: () => Date.now(),
  }
}

function bootIdOf(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return randomUUID()
  }
}

/**
 * Returns where a store's time stands on this boot. On the boot that it was anchored on, steady time alone moves it,
 * whatever was done to the wall clock meanwhile; over a reboot the wall clock does, and never to before what was known.
 */
export function anchorOn(clock: BootClock, known: Anchor | undefined): Anchor {
  const steadyMs = clock.steadyMs()
  if (known?.bootId === clock.bootId && steadyMs + known.aheadMs >= known.lastMs) return known
  const lastMs = Math.max(clock.wallMs(), known?.lastMs ?? 0)
  return { bootId: clock.bootId, aheadMs: lastMs - steadyMs, lastMs }
}

/** Returns the store's time. In steps of 1/1024 ms, of which `gcra.ts` makes exact sums. */
export function storeNowMs(clock: BootClock, { aheadMs }: Anchor): number {
  return Math.floor((clock.steadyMs() + aheadMs) * TICKS_PER_MS) / TICKS_PER_MS
}
