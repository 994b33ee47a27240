/** Keeps the limiter's buckets in a SQLite file: they outlive the process, and processes on one machine share them. */
import { canFit, chargedTatMs, convertedTatMs, FULL_TAT_MS, usualMs, type Rate } from '../pacing/gcra.ts'
import type { BucketCharge, KeptBuckets, Limiter, PeekedAs, Turn } from '../pacing/limiter.ts'
import type { LiveBucket, LiveBuckets } from '../pacing/live-buckets.ts'
import { foreseeTurn } from '../pacing/schedule.ts'
import { anchorOn, storeNowMs, type Anchor, type BootClock } from './boot-clock.ts'
import type { SqliteFile } from './sqlite-file.ts'

/** How far the time that the file knows may lag behind: over a reboot with a clock set back, waits grow by as much. */
const CLOCK_SAVED_EVERY_MS = 1_000
const SWEPT_PER_BUCKET = 2
/** Intervals are beside the buckets, since older versions of Moderato know only these, and make ones without. */
const BUCKETS = 'FROM bucket LEFT JOIN bucket_interval USING (key)'
const BUCKET = `SELECT tat_ms, interval_ms ${BUCKETS} WHERE key = ?`
const KEEP_INTERVAL = 'INSERT OR REPLACE INTO bucket_interval VALUES (?, ?)'

/** Answers at once, since the file does: a decision is some ten microseconds. Throws if the file fails. */
export class SqliteLimiter implements Limiter, KeptBuckets {
  readonly #file: SqliteFile
  readonly #clock: BootClock
  readonly #anchor: Anchor
  #savedMs: number
  /** The store's time less the caller's, at the last `take`: both are steady. */
  #aheadMs = 0
  /** Where the sweep stands. */
  #sweptKey = ''

  constructor(file: SqliteFile, clock: BootClock) {
    this.#file = file
    this.#clock = clock
    this.#anchor = file.write(() => anchored(file, clock))
    this.#savedMs = this.#anchor.lastMs
  }

  /** Returns the time that the file goes by. */
  nowMs(): number {
    return storeNowMs(this.#clock, this.#anchor)
  }

  take(charges: readonly BucketCharge[], nowMs: number, reserveWithinMs = 0): Turn {
    const unfit = charges.findIndex(({ rate, weight }) => !canFit(rate, weight))
    if (unfit !== -1) return { kind: 'never', limiting: unfit }
    return this.#file.write(() => {
      // Read when the file is ours alone, so that time does not go back from one writer to the next.
      const atMs = this.nowMs()
      this.#aheadMs = atMs - nowMs
      const tats = new Map(charges.map(({ key, rate }) => [key, this.#tatMs(key, rate, atMs)]))
      const turn = foreseeTurn([charges], tats, atMs)
      if (turn.kind === 'never') return turn
      const turnMs = turn.kind === 'now' ? atMs : turn.turnAtMs
      if (turnMs <= atMs + reserveWithinMs) this.#charge(charges, tats, turnMs, atMs)
      return turn.kind === 'now' ? turn : { ...turn, turnAtMs: turnMs - this.#aheadMs }
    })
  }

  peek(keys: readonly string[], as?: PeekedAs): readonly number[] {
    return keys.map((key, index) => {
      const [row] = this.#file.read(BUCKET, key)
      if (row === undefined) return FULL_TAT_MS
      const [tatMs, rate] = [Number(row['tat_ms']) - this.#aheadMs, as?.rates[index]]
      return rate === undefined
        ? tatMs
        : convertedTatMs(tatMs, as?.nowMs ?? 0, intervalOf(row), usualMs(rate))
    })
  }

  live(_nowMs: number, most: number): LiveBuckets {
    const atMs = this.nowMs()
    const rows = this.#file.read(
      `SELECT key, tat_ms, interval_ms ${BUCKETS} WHERE tat_ms > ? ORDER BY tat_ms DESC LIMIT ?`,
      atMs,
      most,
    )
    const buckets = rows.map((row) => liveBucket(row, atMs))
    if (buckets.length < most) return { buckets, more: 0 }
    const [all] = this.#file.read('SELECT count(*) AS live FROM bucket WHERE tat_ms > ?', atMs)
    return { buckets, more: Number(all?.['live']) - buckets.length }
  }

  emptiest(): readonly LiveBucket[] {
    const atMs = this.nowMs()
    // Beside max(), a bare column has the value of the same row.
    const rows = this.#file.read(
      `SELECT key, max(tat_ms) AS tat_ms, interval_ms ${BUCKETS} WHERE tat_ms > ? GROUP BY substr(key, 1, instr(key, '|')), interval_ms`,
      atMs,
    )
    return rows.map((row) => liveBucket(row, atMs))
  }

  /** Returns the TAT of a bucket, which is kept in the terms of this rate from then on. */
  #tatMs(key: string, rate: Rate, atMs: number): number {
    const row = this.#file.get(BUCKET, key)
    if (row === undefined) return FULL_TAT_MS
    const [keptMs, fromMs, toMs] = [Number(row['tat_ms']), intervalOf(row), usualMs(rate)]
    if (fromMs === toMs) return keptMs
    const tatMs = convertedTatMs(keptMs, atMs, fromMs, toMs)
    if (tatMs !== keptMs) this.#file.run('UPDATE bucket SET tat_ms = ? WHERE key = ?', tatMs, key)
    this.#file.run(KEEP_INTERVAL, key, toMs)
    return tatMs
  }

  #charge(
    charges: readonly BucketCharge[],
    tats: ReadonlyMap<string, number>,
    turnMs: number,
    atMs: number,
  ): void {
    for (const { key, rate, weight } of charges) {
      const tatMs = tats.get(key) ?? FULL_TAT_MS
      this.#file.run(
        'INSERT INTO bucket VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET tat_ms = excluded.tat_ms',
        key,
        chargedTatMs(tatMs, turnMs, rate, weight),
      )
      if (tatMs !== FULL_TAT_MS) continue
      this.#file.run(KEEP_INTERVAL, key, usualMs(rate))
      this.#forgetFull(atMs)
    }
    if (atMs < this.#savedMs + CLOCK_SAVED_EVERY_MS) return
    this.#savedMs = atMs
    this.#file.run('UPDATE clock SET last_ms = max(last_ms, ?)', atMs)
  }

  /** Each new bucket looks at two others, in order of their keys, so that full ones never outnumber those in use. */
  #forgetFull(atMs: number): void {
    const next = this.#file.all(
      'SELECT key, tat_ms FROM bucket WHERE key > ? ORDER BY key LIMIT ?',
      this.#sweptKey,
      SWEPT_PER_BUCKET,
    )
    this.#sweptKey = next.length < SWEPT_PER_BUCKET ? '' : String(next.at(-1)?.['key'])
    for (const { key = '', tat_ms: tatMs } of next) {
      if (Number(tatMs) > atMs) continue
      this.#file.run('DELETE FROM bucket WHERE key = ?', key)
      this.#file.run('DELETE FROM bucket_interval WHERE key = ?', key)
    }
  }
}

function anchored(file: SqliteFile, clock: BootClock): Anchor {
  const row = file.get('SELECT boot_id, ahead_ms, last_ms FROM clock')
  const anchor = anchorOn(
    clock,
    row && {
      bootId: String(row['boot_id']),
      aheadMs: Number(row['ahead_ms']),
      lastMs: Number(row['last_ms']),
    },
  )
  const { bootId, aheadMs, lastMs } = anchor
  file.run('INSERT OR REPLACE INTO clock VALUES (1, ?, ?, ?)', bootId, aheadMs, lastMs)
  return anchor
}

type Row = Readonly<Record<string, unknown>>

function intervalOf(row: Row): number | undefined {
  return typeof row['interval_ms'] === 'number' ? row['interval_ms'] : undefined
}

function liveBucket(row: Row, atMs: number): LiveBucket {
  const fullInMs = Number(row['tat_ms']) - atMs
  return { key: String(row['key']), fullInMs, intervalMs: intervalOf(row) }
}
