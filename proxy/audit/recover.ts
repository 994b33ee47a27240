/** Inspects the audit folder at a start: another writer, the end of the chain, and torn tails of a crash. */
import { createHash } from 'node:crypto'
import { chmodSync, closeSync, openSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { diskTrouble } from '../core/disk.ts'
import { errorMessage } from '../core/error-message.ts'
import { GENESIS, lastRecord, readLine, segmentName, segmentNumbers, type ChainHead } from './chain.ts'
import type { TornTail } from './record.ts'
import type { SegmentPosition } from './segment.ts'

/** A head is noted every second: its record is in the last segment, or in the one before. */
const SEGMENTS_SEARCHED = 2

/**
 * Makes this process the only writer of a folder until `release` or the end of the process. SQLite's lock is the
 * kernel's, so a kill releases it too. Throws if another process, or another log in this one, holds it.
 */
export function lockFolder(dir: string): { release(): void } {
  const path = join(dir, 'lock')
  closeSync(openSync(path, 'a', 0o600))
  chmodSync(path, 0o600)
  const database = new DatabaseSync(path, { timeout: 0 })
  try {
    database.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    database.close()
    throw new Error(lockTrouble(dir, cause), { cause })
  }
  return { release: () => database.close() }
}

/** SQLite's result code for a lock that somebody else has. */
const SQLITE_BUSY = 5

function lockTrouble(dir: string, cause: unknown): string {
  const isHeld = cause instanceof Error && 'errcode' in cause && cause.errcode === SQLITE_BUSY
  if (isHeld) return `another process is writing the audit log ${dir}: only one process can write it`
  return `the audit log ${dir} cannot be locked: ${diskTrouble(dir, cause) ?? errorMessage(cause)}`
}

export interface Recovered {
  readonly head: ChainHead
  readonly at: SegmentPosition
  /** Whether the record of a head that was noted elsewhere is not where it should be: records are missing. */
  readonly lacks: boolean
  /** The torn tails in segment order. If there are any, the log continues in a new segment and keeps these bytes. */
  readonly torn: readonly TornTail[]
}

/**
 * Finds the last whole record, from the last segment backwards. `noted` is a head that was noted elsewhere. Where the
 * log ends before it, the chain goes on after it, in a new segment: so the gap stays visible.
 */
export async function recover(dir: string, noted: ChainHead = GENESIS): Promise<Recovered> {
  const end = await endOf(dir)
  if (end.head.seq >= noted.seq) return { ...end, lacks: !(await has(dir, noted)) }
  const { number, lengthBytes } = end.at
  return {
    head: noted,
    at: lengthBytes > 0 ? { number: number + 1, lengthBytes: 0 } : end.at,
    lacks: true,
    torn: end.torn,
  }
}

/** Tells whether the log has a record; also true if it is further back than the last segments. */
async function has(dir: string, { seq, hash }: ChainHead): Promise<boolean> {
  if (seq === 0) return true
  const numbers = segmentNumbers(await readdir(dir))
  for (const number of numbers.slice(-SEGMENTS_SEARCHED)) {
    const bytes = await readFile(join(dir, segmentName(number)))
    const at = bytes.indexOf(`{"seq":${seq},`)
    if (at >= 0) return readLine(bytes.subarray(at, bytes.indexOf(0x0a, at)))?.hash === hash
  }
  return numbers.length > SEGMENTS_SEARCHED
}

async function endOf(dir: string): Promise<Omit<Recovered, 'lacks'>> {
  const numbers = segmentNumbers(await readdir(dir))
  const last = numbers.at(-1) ?? 1
  const torn: TornTail[] = []
  for (const number of numbers.toReversed()) {
    const segment = segmentName(number)
    const bytes = await readFile(join(dir, segment))
    const { head, endBytes } = lastRecord(bytes)
    if (endBytes < bytes.length) torn.unshift(tornTail(segment, endBytes, bytes))
    if (head === undefined) continue
    if (torn.length > 0) return { head, at: { number: last + 1, lengthBytes: 0 }, torn }
    return { head, at: { number: last, lengthBytes: number === last ? bytes.length : 0 }, torn }
  }
  return { head: GENESIS, at: { number: torn.length > 0 ? last + 1 : last, lengthBytes: 0 }, torn }
}

function tornTail(segment: string, offset: number, bytes: Buffer): TornTail {
  const tail = bytes.subarray(offset)
  return { segment, offset, length: tail.length, sha256: createHash('sha256').update(tail).digest('hex') }
}
