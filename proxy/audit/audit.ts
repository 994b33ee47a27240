/** Writes the audit log: append-only JSON lines, hash-chained, durable by group commit (rule S3; contract, "Audit record"). */
import { makeOwnFolder } from '../core/own-folder.ts'
import type { Clock } from '../core/ports.ts'
import type { ChainHead } from './chain.ts'
import { RecordGroup, type CommitWaiter } from './group.ts'
import type { AuditRecord, TornTail } from './record.ts'
import { lockFolder, recover } from './recover.ts'
import { openSegmentFile, SegmentWriter, type OpenSegment } from './segment.ts'

const SEGMENT_BYTES = 16 * 1024 * 1024
const FLUSH_AFTER_MS = 100
const RETRY_AFTER_MS = 1000
const LOOKS_EVERY_MS = 1000
const FLUSH_AT_BYTES = 1024 * 1024
const PENDING_BYTES = 8 * 1024 * 1024

export interface AuditOptions {
  /** `<stateDir>/audit`; made with mode 0700. */
  readonly dir: string
  readonly clock: Clock
  /** A head that was noted elsewhere: the log must have its record. */
  readonly noted?: ChainHead | undefined
  readonly segmentBytes?: number
  /** Called after each write with the number of records that it made durable. */
  readonly onDurable?: (records: number) => void
  /** Called when a write fails, once for each attempt. */
  readonly onFailure?: (error: unknown) => void
  readonly open?: OpenSegment
}

/** An Audit writes records as they are. The caller has redacted them already. */
export interface Audit {
  /** Buffers a record; durable within about 100 ms. For reads, lists, refusals and outcomes. */
  append(record: AuditRecord): void
  /** Resolves when the record is durable. If it rejects, the record is not in the log and never will be. */
  commit(record: AuditRecord): Promise<void>
  /** Makes all earlier records durable. Rejects if that fails. */
  flush(): Promise<void>
  /** Flushes, closes, and releases the lock. */
  close(): Promise<void>
  /** Returns the age of the oldest record that is not durable yet; 0 if there is none. */
  lagSeconds(): number
  /** False after a failed write until the next good one; a write is tried each second. */
  readonly available: boolean
  /** The last durable record. */
  readonly head: ChainHead
  /** The torn tails that a crash left and this start sealed; for the operator's log. */
  readonly sealed: readonly TornTail[]
  /** The head that was noted elsewhere, if this log lacks its record; undefined: it has it. */
  readonly missing: ChainHead | undefined
}

/** Opens the log as its only writer, seals torn tails of a crash, and continues the chain. */
export async function openAudit(options: AuditOptions): Promise<Audit> {
  makeOwnFolder(options.dir)
  const lock = lockFolder(options.dir)
  try {
    const { head, at, torn, lacks } = await recover(options.dir, options.noted)
    const { dir, segmentBytes = SEGMENT_BYTES, open = openSegmentFile } = options
    const found = { head, sealed: torn, missing: lacks ? options.noted : undefined }
    const log = new AuditLog(options, new SegmentWriter({ dir, segmentBytes, open, at }), lock, found)
    if (torn.length > 0) await log.commit({ phase: 'seal', torn })
    if (found.missing !== undefined) await log.commit({ phase: 'missing', missing: found.missing })
    return log
  } catch (error) {
    lock.release()
    throw error
  }
}

class AuditLog implements Audit {
  readonly sealed: readonly TornTail[]
  readonly missing: ChainHead | undefined
  readonly #options: AuditOptions
  readonly #segments: SegmentWriter
  readonly #lock: { release(): void }
  /** The last durable record. */
  #head: ChainHead
  /** `#pending` waits for the next write; `#taken` is being written. */
  #pending: RecordGroup
  #taken: RecordGroup | undefined
  #lost = 0
  #available = true
  #closed = false
  #timer: NodeJS.Timeout | undefined
  readonly #looking: NodeJS.Timeout
  #writing: Promise<void> | undefined

  constructor(
    options: AuditOptions,
    segments: SegmentWriter,
    lock: { release(): void },
    { head, sealed, missing }: Pick<Audit, 'head' | 'sealed' | 'missing'>,
  ) {
    this.#options = options
    this.#segments = segments
    this.#lock = lock
    this.#head = head
    this.#pending = new RecordGroup(head)
    this.sealed = sealed
    this.missing = missing
    // Where nothing is written nothing else would find out.
    this.#looking = setInterval(() => this.#look(), LOOKS_EVERY_MS).unref()
  }

  get available(): boolean {
    return this.#available
  }

  get head(): ChainHead {
    return this.#head
  }

  lagSeconds(): number {
    const oldestMs = this.#taken?.oldestMs ?? this.#pending.oldestMs
    return oldestMs === undefined ? 0 : Math.max(0, this.#options.clock.nowMs() - oldestMs) / 1000
  }

  append(record: AuditRecord): void {
    if (this.#closed) throw new Error('the audit log is closed')
    if (this.#pending.lengthBytes > PENDING_BYTES) {
      this.#lost += 1
      return
    }
    this.#add(record)
    if (this.#pending.lengthBytes >= FLUSH_AT_BYTES && this.#available) this.#start()
    else this.#schedule(FLUSH_AFTER_MS)
  }

  commit(record: AuditRecord): Promise<void> {
    if (this.#closed) return Promise.reject(new Error('the audit log is closed'))
    // While the disk fails, one attempt a second is enough; nobody waits for it to be refused.
    if (!this.#available) return Promise.reject(unwritable())
    return new Promise((resolve, reject) => {
      this.#add(record, { resolve, reject })
      this.#start()
    })
  }

  async flush(): Promise<void> {
    while (this.#pending.records > 0 || this.#writing !== undefined) {
      this.#start()
      await this.#writing
      if (!this.#available) throw unwritable()
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    try {
      await this.flush()
    } finally {
      clearTimeout(this.#timer)
      clearInterval(this.#looking)
      await this.#segments.close().finally(() => this.#lock.release())
    }
  }

  #add(record: AuditRecord, waiter?: CommitWaiter): void {
    this.#pending.add(record, this.#options.clock.nowMs(), waiter)
  }

  /** Finds out that the log's file is gone: an empty write looks for it. */
  #look(): void {
    if (this.#available && this.#pending.records === 0) this.#start()
  }

  #schedule(afterMs: number): void {
    if (this.#timer !== undefined || this.#writing !== undefined) return
    this.#timer = setTimeout(() => this.#start(), afterMs).unref()
  }

  #start(): void {
    if (this.#writing !== undefined) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#writing = this.#writeGroups().finally(() => {
      this.#writing = undefined
      if (!this.#available) this.#schedule(RETRY_AFTER_MS)
      else if (this.#mustGoOn()) this.#start()
      else if (this.#pending.records > 0) this.#schedule(FLUSH_AFTER_MS)
    })
  }

  /**
   * Writes one group after another while anybody waits: all records that come during a write share the next. Never
   * rejects. After a failure the group may be empty; then the empty write only checks whether the disk works again.
   */
  async #writeGroups(): Promise<void> {
    do {
      if (this.#lost > 0 && this.#available) this.#noteLost()
      const group = this.#pending
      this.#taken = group
      this.#pending = new RecordGroup(group.head)
      try {
        await this.#segments.write(group.bytes)
      } catch (error) {
        this.#fail(group, error)
        return
      } finally {
        this.#taken = undefined
      }
      this.#succeed(group)
    } while (this.#mustGoOn())
  }

  #mustGoOn(): boolean {
    return this.#lost > 0 || this.#pending.waiters.length > 0 || this.#pending.lengthBytes >= FLUSH_AT_BYTES
  }

  #succeed(group: RecordGroup): void {
    this.#available = true
    this.#head = group.head
    for (const waiter of group.waiters) waiter.resolve()
    this.#options.onDurable?.(group.records)
  }

  /** Fails closed: all waiters are refused, and their records dropped; the other records are chained again and kept. */
  #fail(group: RecordGroup, cause: unknown): void {
    const later = this.#pending
    this.#available = false
    this.#pending = new RecordGroup(this.#head)
    this.#pending.takeUnawaited(group)
    this.#pending.takeUnawaited(later)
    const error = unwritable(cause)
    for (const waiter of [...group.waiters, ...later.waiters]) waiter.reject(error)
    this.#options.onFailure?.(cause)
  }

  #noteLost(): void {
    this.#add({ phase: 'lost', lost: this.#lost })
    this.#lost = 0
  }
}

function unwritable(cause?: unknown): Error {
  return new Error('the audit log cannot be written', { cause })
}
