/** The audit log: append-only JSON lines, hash-chained, durable by group commit (rule S3; contract, "Audit record"). */
import { mkdir } from 'node:fs/promises'
import type { Clock } from '../ports.ts'
import { chainLine, type ChainHead } from './audit-chain.ts'
import type { AuditRecord, TornTail } from './audit-record.ts'
import { lockFolder, recover } from './audit-recover.ts'
import { openSegmentFile, SegmentWriter, type OpenSegment } from './audit-segment.ts'

const SEGMENT_BYTES = 16 * 1024 * 1024
const FLUSH_AFTER_MS = 100
const RETRY_AFTER_MS = 1000
const FLUSH_AT_CHARACTERS = 256 * 1024
const PENDING_CHARACTERS = 16 * 1024 * 1024

export interface AuditOptions {
  /** `<stateDir>/audit`; made with mode 0700. */
  readonly dir: string
  readonly clock: Clock
  readonly segmentBytes?: number
  /** Called after each write with the number of records that it made durable. */
  readonly onDurable?: (records: number) => void
  /** Called when a write fails, once for each attempt. */
  readonly onFailure?: (error: unknown) => void
  readonly open?: OpenSegment
}

/** Takes records that are redacted already (record-fields.ts); it writes what it is given. */
export interface Audit {
  /** Buffers a record; durable within about 100 ms. For reads, lists, refusals and outcomes. */
  append(record: AuditRecord): void
  /** Resolves once the record is durable. Rejects if it cannot be; then it is not in the log, and never will be. */
  commit(record: AuditRecord): Promise<void>
  /** Makes everything durable that came before. Rejects if that fails. */
  flush(): Promise<void>
  /** Flushes, closes, and frees the lock. */
  close(): Promise<void>
  /** Age of the oldest record that is not durable yet; 0 if there is none. */
  lagSeconds(): number
  /** False from a failed write to the next good one. */
  readonly available: boolean
  /** The last durable record. */
  readonly head: ChainHead
  /** What a crash left torn and this start sealed; for the operator's log. */
  readonly sealed: readonly TornTail[]
}

/** Opens the log as its only writer, seals what a crash left torn, and goes on with the chain. */
export async function openAudit(options: AuditOptions): Promise<Audit> {
  await mkdir(options.dir, { recursive: true, mode: 0o700 })
  const lock = lockFolder(options.dir)
  try {
    const { head, at, torn } = await recover(options.dir)
    const { dir, segmentBytes = SEGMENT_BYTES, open = openSegmentFile } = options
    const log = new AuditLog(options, new SegmentWriter({ dir, segmentBytes, open, at }), lock, head, torn)
    if (torn.length > 0) await log.commit({ phase: 'seal', torn })
    return log
  } catch (error) {
    lock.release()
    throw error
  }
}

interface Pending {
  readonly atMs: number
  readonly time: string
  readonly members: string
  readonly line: string
  readonly head: ChainHead
  readonly waiter: { resolve(): void; reject(error: unknown): void } | undefined
}

class AuditLog implements Audit {
  readonly sealed: readonly TornTail[]
  readonly #options: AuditOptions
  readonly #segments: SegmentWriter
  readonly #lock: { release(): void }
  /** The last record that was chained; `head` is the last that is durable. */
  #tip: ChainHead
  #head: ChainHead
  #pending: Pending[] = []
  #pendingCharacters = 0
  #oldestMs: number | undefined
  #lost = 0
  #available = true
  #closed = false
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> | undefined

  constructor(
    options: AuditOptions,
    segments: SegmentWriter,
    lock: { release(): void },
    head: ChainHead,
    sealed: readonly TornTail[],
  ) {
    this.#options = options
    this.#segments = segments
    this.#lock = lock
    this.#tip = head
    this.#head = head
    this.sealed = sealed
  }

  get available(): boolean {
    return this.#available
  }

  get head(): ChainHead {
    return this.#head
  }

  lagSeconds(): number {
    return this.#oldestMs === undefined ? 0 : Math.max(0, this.#options.clock.nowMs() - this.#oldestMs) / 1000
  }

  append(record: AuditRecord): void {
    if (this.#closed) throw new Error('the audit log is closed')
    if (this.#pendingCharacters > PENDING_CHARACTERS) {
      this.#lost += 1
      return
    }
    this.#add(record, undefined)
    if (this.#pendingCharacters >= FLUSH_AT_CHARACTERS && this.#available) this.#start()
    else this.#schedule(FLUSH_AFTER_MS)
  }

  commit(record: AuditRecord): Promise<void> {
    if (this.#closed) return Promise.reject(new Error('the audit log is closed'))
    return new Promise((resolve, reject) => {
      this.#add(record, { resolve, reject })
      this.#start()
    })
  }

  async flush(): Promise<void> {
    while (this.#pending.length > 0 || this.#writing !== undefined) {
      this.#start()
      await this.#writing
      if (!this.#available) throw new Error('the audit log cannot be written')
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    try {
      await this.flush()
    } finally {
      clearTimeout(this.#timer)
      await this.#segments.close().finally(() => this.#lock.release())
    }
  }

  #add(record: AuditRecord, waiter: Pending['waiter']): void {
    const atMs = this.#options.clock.nowMs()
    this.#chain({
      atMs,
      time: new Date(atMs).toISOString(),
      members: JSON.stringify(record).slice(1, -1),
      waiter,
    })
  }

  #chain(entry: Pick<Pending, 'atMs' | 'time' | 'members' | 'waiter'>): void {
    const { line, head } = chainLine(this.#tip, entry.time, entry.members)
    this.#tip = head
    this.#oldestMs ??= entry.atMs
    this.#pendingCharacters += line.length
    this.#pending.push({ ...entry, line, head })
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
      if (this.#pending.length > 0) this.#schedule(this.#available ? FLUSH_AFTER_MS : RETRY_AFTER_MS)
    })
  }

  /** One group after another while anybody waits: all that came during a write share the next. Never rejects. */
  async #writeGroups(): Promise<void> {
    do {
      if (this.#lost > 0 && this.#available) this.#noteLost()
      const group = this.#pending
      this.#pending = []
      this.#pendingCharacters = 0
      try {
        await this.#segments.write(Buffer.from(group.map((each) => each.line).join('')))
      } catch (error) {
        this.#fail(group, error)
        return
      }
      this.#succeed(group)
    } while (this.#mustGoOn())
  }

  #mustGoOn(): boolean {
    if (this.#lost > 0 || this.#pendingCharacters >= FLUSH_AT_CHARACTERS) return true
    return this.#pending.some((each) => each.waiter !== undefined)
  }

  #succeed(group: readonly Pending[]): void {
    this.#available = true
    this.#head = group.at(-1)?.head ?? this.#head
    this.#oldestMs = this.#pending[0]?.atMs
    for (const each of group) each.waiter?.resolve()
    this.#options.onDurable?.(group.length)
  }

  /** Fails closed: whoever waits is refused, and those records are dropped; the others are chained anew and kept. */
  #fail(group: readonly Pending[], cause: unknown): void {
    const all = [...group, ...this.#pending]
    this.#available = false
    this.#tip = this.#head
    this.#pending = []
    this.#pendingCharacters = 0
    this.#oldestMs = undefined
    const error = new Error('the audit log cannot be written', { cause })
    for (const each of all) {
      if (each.waiter === undefined) this.#chain(each)
      else each.waiter.reject(error)
    }
    this.#options.onFailure?.(cause)
  }

  #noteLost(): void {
    this.#add({ phase: 'lost', lost: this.#lost }, undefined)
    this.#lost = 0
  }
}
