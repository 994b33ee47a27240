/**
 * Bounds the records of refusals before verification, so that an unknown caller cannot fill the disk (rule S9). They are
 * recorded one by one up to a rate, and beyond it as counts by reason, one record an interval.
 */
import type { Clock } from '../core/ports.ts'
import type { AuditRecord } from '../audit/record.ts'

const INTERVAL_MS = 10_000

export interface RefusalOptions {
  readonly audit: { append(record: AuditRecord): void }
  readonly clock: Clock
  /** The number of records that may come at once; 100 by default. */
  readonly burst?: number
  /** The number of records a second in the long run; 10 by default. */
  readonly perSecond?: number
}

/** Records refusals without a verified identity. */
export interface UnverifiedRefusals {
  /** Records one refusal, or counts it. */
  record(record: AuditRecord): void
  /** Writes the open counts; must be called before the log closes. */
  flush(): void
}

/** Creates the recorder; it writes to the audit log. */
export function unverifiedRefusals(options: RefusalOptions): UnverifiedRefusals {
  const { audit, clock, burst = 100, perSecond = 10 } = options
  const millisecondsEach = 1000 / perSecond
  // GCRA: the time at which a bucket that drains at this rate is empty.
  let emptyAtMs = 0
  let counts: Record<string, number> = {}
  let countingSinceMs: number | undefined
  let timer: NodeJS.Timeout | undefined

  function flush(): void {
    clearTimeout(timer)
    if (countingSinceMs === undefined) return
    audit.append({ phase: 'refusals', refusals: counts })
    counts = {}
    countingSinceMs = undefined
  }

  function count(reason: string, nowMs: number): void {
    counts[reason] = (counts[reason] ?? 0) + 1
    if (countingSinceMs === undefined) {
      countingSinceMs = nowMs
      timer = setTimeout(flush, INTERVAL_MS).unref()
    } else if (nowMs - countingSinceMs >= INTERVAL_MS) {
      flush()
    }
  }

  return {
    record(record) {
      const nowMs = clock.nowMs()
      const startMs = Math.max(emptyAtMs, nowMs)
      if (startMs - nowMs > (burst - 1) * millisecondsEach) return count(record.reason ?? 'none', nowMs)
      emptyAtMs = startMs + millisecondsEach
      audit.append(record)
    },
    flush,
  }
}
