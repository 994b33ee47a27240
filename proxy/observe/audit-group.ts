/** The records that one write makes durable together: chained lines in one buffer, and who waits for them. */
import { FRAME_BYTES, recordOf, writeLine, type ChainHead } from './audit-chain.ts'

const INITIAL_BYTES = 64 * 1024

export interface Waiter {
  resolve(): void
  reject(error: unknown): void
}

export class Group {
  /** The last record in it; where the group is empty, the one before it. */
  head: ChainHead
  records = 0
  /** When its oldest record was made, in milliseconds since the epoch; undefined if it is empty. */
  oldestMs: number | undefined
  readonly waiters: Waiter[] = []
  readonly #waitedFor = new Set<number>()
  #buffer = Buffer.allocUnsafe(INITIAL_BYTES)
  #length = 0

  constructor(after: ChainHead) {
    this.head = after
  }

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  get lengthBytes(): number {
    return this.#length
  }

  /** Adds a record, given as JSON, with its time in ISO 8601 and in milliseconds. */
  add(json: string, time: string, atMs: number, waiter?: Waiter): void {
    // A character of a string takes at most three bytes in UTF-8.
    this.#makeRoom(json.length * 3 + FRAME_BYTES)
    const { end, head } = writeLine(this.#buffer, this.#length, this.head, time, json)
    this.#length = end
    this.head = head
    this.records += 1
    this.oldestMs ??= atMs
    if (waiter === undefined) return
    this.waiters.push(waiter)
    this.#waitedFor.add(this.records)
  }

  /** Chains those records of another group that nobody waits for anew, behind what is here. */
  takeUnawaited(other: Group): void {
    let start = 0
    for (let record = 1; record <= other.records; record += 1) {
      const end = other.bytes.indexOf(0x0a, start)
      if (!other.#waitedFor.has(record)) {
        const { time, json } = recordOf(other.bytes.subarray(start, end))
        this.add(json, time, Date.parse(time))
      }
      start = end + 1
    }
  }

  #makeRoom(bytes: number): void {
    const needed = this.#length + bytes
    if (needed <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2))
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#buffer = larger
  }
}
