/** Collects the records that one write makes durable: chained lines in one buffer, and the callers that wait for them. */
import { momentText } from '../core/moment.ts'
import { FRAME_BYTES, recordOf, writeLine, type ChainHead } from './chain.ts'
import type { AuditRecord } from './record.ts'

const INITIAL_BYTES = 64 * 1024

/**
 * Records are written and chained in batches. One by one, between the other work of a request, each costs three times
 * as much, because the processor's caches no longer hold the code.
 */
const CHAIN_AT_RECORDS = 32
/** Long records are chained sooner, so that the number of held bytes is known except for a few records. */
const CHAIN_AT_BYTES = 64 * 1024
/** The typical length of a record without its resources, whose number and length the agent chooses. */
const TYPICAL_BYTES = 700

export interface CommitWaiter {
  resolve(): void
  reject(error: unknown): void
}

interface Fresh {
  readonly record: AuditRecord
  readonly atMs: number
}

/** A RecordGroup chains records into one buffer, for one write. */
export class RecordGroup {
  records = 0
  /** The time of its oldest record, in milliseconds since the epoch; undefined if it is empty. */
  oldestMs: number | undefined
  readonly waiters: CommitWaiter[] = []
  readonly #waitedFor = new Set<number>()
  #head: ChainHead
  #buffer = Buffer.allocUnsafe(INITIAL_BYTES)
  #length = 0
  /** The newest records, not yet chained, and their estimated length. */
  #fresh: Fresh[] = []
  #freshBytes = 0
  /** Many records come within one millisecond, so its text is made once. */
  #timeMs = Number.NaN
  #time = ''

  constructor(after: ChainHead) {
    this.#head = after
  }

  /** Returns the last record in the group; the one before the group if it is empty. */
  get head(): ChainHead {
    this.#chain()
    return this.#head
  }

  get bytes(): Buffer {
    this.#chain()
    return this.#buffer.subarray(0, this.#length)
  }

  /** Returns the length, which is estimated for the newest records. */
  get lengthBytes(): number {
    return this.#length + this.#freshBytes
  }

  /** Adds a record; nobody may change it afterwards. */
  add(record: AuditRecord, atMs: number, waiter?: CommitWaiter): void {
    this.#fresh.push({ record, atMs })
    this.#freshBytes += roughBytes(record)
    this.records += 1
    this.oldestMs ??= atMs
    if (waiter !== undefined) {
      this.waiters.push(waiter)
      this.#waitedFor.add(this.records)
    }
    if (this.#fresh.length >= CHAIN_AT_RECORDS || this.#freshBytes >= CHAIN_AT_BYTES) this.#chain()
  }

  /** Takes the records of another group that nobody waits for, and chains them again after its own. */
  takeUnawaited(other: RecordGroup): void {
    this.#chain()
    const { bytes } = other
    let start = 0
    for (let record = 1; record <= other.records; record += 1) {
      const end = bytes.indexOf(0x0a, start)
      if (!other.#waitedFor.has(record)) {
        const { time, json } = recordOf(bytes.subarray(start, end))
        this.#write(json, time)
        this.records += 1
        this.oldestMs ??= Date.parse(time)
      }
      start = end + 1
    }
  }

  #chain(): void {
    for (const { record, atMs } of this.#fresh) {
      if (atMs !== this.#timeMs) {
        this.#timeMs = atMs
        this.#time = momentText(atMs)
      }
      this.#write(JSON.stringify(record), this.#time)
    }
    this.#fresh = []
    this.#freshBytes = 0
  }

  #write(json: string, time: string): void {
    // A character of a string takes at most three bytes in UTF-8.
    this.#makeRoom(json.length * 3 + FRAME_BYTES)
    const { end, head } = writeLine(this.#buffer, this.#length, this.#head, time, json)
    this.#length = end
    this.#head = head
  }

  #makeRoom(bytes: number): void {
    const needed = this.#length + bytes
    if (needed <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2))
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#buffer = larger
  }
}

function roughBytes({ resources }: AuditRecord): number {
  let bytes = TYPICAL_BYTES
  if (resources !== undefined) for (const each of resources) bytes += each.length
  return bytes
}
