/** Searches the audit logs of one or more replicas as one. */
import type { RecordFilter } from './filter.ts'
import { LogIndex, StaleIndex, type FoundRecord } from './log-index.ts'

export interface AuditSearch {
  readonly filter: RecordFilter
  /** Only the newest records; all of them without. */
  readonly limit?: number | undefined
}

export interface FoundRecords {
  readonly found: readonly FoundRecord[]
  /** Whether the limit left any out. */
  readonly more: boolean
}

/** A SearchedLogs value holds the indexes of several folders open. */
export class SearchedLogs {
  readonly #logs: readonly LogIndex[]

  /** Opens the indexes; with `rebuild` they are made anew. Throws if a folder cannot be read. */
  constructor(dirs: readonly string[], { rebuild = false } = {}) {
    this.#logs = [...new Set(dirs)].map((dir) => new LogIndex(dir))
    if (rebuild) for (const log of this.#logs) log.forget()
  }

  close(): void {
    for (const log of this.#logs) log.close()
  }

  /** Indexes what is new, so that the next search need not. */
  catchUp(): void {
    for (const log of this.#logs) log.catchUp()
  }

  /** Returns the newest records that fit, oldest first; `more` tells whether the limit left any out. */
  newest({ filter, limit = Infinity }: AuditSearch): {
    readonly found: FoundRecord[]
    readonly more: boolean
  } {
    return this.#again(() => {
      const { found, more } = taken(this.#inOrder(filter, 'newest'), limit)
      return { found: found.toReversed(), more }
    })
  }

  /** Returns the oldest records that fit, oldest first; `more` tells whether the limit left any out. */
  first({ filter, limit = Infinity }: AuditSearch): FoundRecords {
    return this.#again(() => taken(this.#inOrder(filter, 'oldest'), limit))
  }

  /** Yields all records that fit, oldest first, in bounded memory. Throws `StaleIndex`; the next search is right then. */
  *oldest(filter: RecordFilter): Generator<FoundRecord> {
    this.#again(() => this.catchUp())
    try {
      yield* this.#inOrder(filter, 'oldest')
    } catch (error) {
      throw this.#mended(error) ? new StaleIndex('the index was damaged, or did not fit the log') : error
    }
  }

  #again<Result>(work: () => Result): Result {
    try {
      return work()
    } catch (error) {
      if (!this.#mended(error)) throw error
      return work()
    }
  }

  #mended(error: unknown): boolean {
    return this.#logs.map((log) => log.mend(error)).some(Boolean)
  }

  /** Merges by time. A log's own order stays, whatever its clock did. */
  *#inOrder(filter: RecordFilter, order: 'oldest' | 'newest'): Generator<FoundRecord> {
    const sign = order === 'oldest' ? 1 : -1
    const logs = this.#logs.map((log) => log.find(filter, order))
    try {
      yield* merged(logs, sign)
    } finally {
      for (const log of logs) log.return(undefined)
    }
  }
}

function* merged(logs: readonly Generator<FoundRecord>[], sign: number): Generator<FoundRecord> {
  let heads = logs.map((log) => ({ log, next: log.next() }))
  for (;;) {
    heads = heads.filter(({ next }) => next.done !== true)
    const [first, ...others] = heads
    if (first === undefined) return
    let earliest = first
    for (const each of others) if (sign * compare(each.next, earliest.next) < 0) earliest = each
    if (earliest.next.done !== true) yield earliest.next.value
    earliest.next = earliest.log.next()
  }
}

function taken(all: Generator<FoundRecord>, limit: number): FoundRecords {
  const found: FoundRecord[] = []
  for (const each of all) {
    if (found.length >= limit) return { found, more: true }
    found.push(each)
  }
  return { found, more: false }
}

type Next = IteratorResult<FoundRecord, void>

function compare(a: Next, b: Next): number {
  const timeOf = (each: Next): number => (each.done === true ? 0 : Date.parse(each.value.record.time))
  return timeOf(a) - timeOf(b)
}
