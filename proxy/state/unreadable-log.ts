/** Warns in the log of ledger entries that this version cannot read. */
import type { Clock } from '../core/ports.ts'
import type { Entry } from './store.ts'

/** Agents have entries written, so that a fleet of two versions could fill the log: so many lines an hour, each kind. */
const MOST_LINES = 20
const HOUR_MS = 3_600_000

interface Hour {
  readonly fromMs: number
  lines: number
  unsaid: number
}

/** Returns what hears of unreadable entries. It says in each line how many were not said before it. */
export function unreadableLog(
  clock: Clock,
  warn: (fields: object, words: string) => void,
): (entry: Pick<Entry, 'kind' | 'id' | 'revision'>, problem: string) => void {
  const hours = new Map<string, Hour>()
  return ({ kind, id, revision }, problem) => {
    const nowMs = clock.nowMs()
    const known = hours.get(kind)
    const isOver = known === undefined || nowMs - known.fromMs >= HOUR_MS
    const hour = isOver ? { fromMs: nowMs, lines: 0, unsaid: known?.unsaid ?? 0 } : known
    hours.set(kind, hour)
    if (hour.lines >= MOST_LINES) {
      hour.unsaid += 1
      return
    }
    const unsaid = hour.unsaid === 0 ? {} : { alsoUnsaid: hour.unsaid }
    hour.lines += 1
    hour.unsaid = 0
    warn(
      { kind, id, revision, problem, ...unsaid },
      'an entry of the ledger cannot be read: the rule of its kind holds',
    )
  }
}
