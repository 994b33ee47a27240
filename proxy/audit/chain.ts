/**
 * Implements the audit log's hash chain: pure functions from record to line and back.
 *
 * A line is one JSON object and a line feed; its last member is `hash`. The hash is SHA-256 (hex) over the exact bytes
 * of the line without the line feed and without `,"hash":"..."`, so anyone can check one with standard tools:
 *
 *     sed -n 1p 00000001.jsonl | sed 's/,"hash":"[0-9a-f]*"}$/}/' | tr -d '\n' | sha256sum
 *
 * `prevHash` is the hash of the previous record, across segments; 64 zeros for the first. `seq` counts from 1. The chain
 * shows any change between two records. It cannot show that the newest records were cut off: store a head elsewhere
 * (`moderato audit verify` prints it) and compare.
 */
import { createHash, hash } from 'node:crypto'

/** A ChainHead identifies the last record of a chain. */
export interface ChainHead {
  readonly seq: number
  readonly hash: string
}

/** GENESIS is the head of an empty chain. */
export const GENESIS: ChainHead = { seq: 0, hash: '0'.repeat(64) }

const TAIL_BYTES = ',"hash":"'.length + 64 + '"}'.length
const COMMA = 0x2c
const FRAME =
  /^\{"seq":([1-9]\d{0,15}),"time":"([^"]*)","prevHash":"([0-9a-f]{64})",([^]*),"hash":"([0-9a-f]{64})"\}$/
/** The most bytes that the chain's own members add to a record. */
export const FRAME_BYTES = 320

/**
 * Writes the line that follows `head` into `bytes` from `at`; returns its end and the new head. `json` is the record
 * as an object with at least one member, `time` is ISO 8601. There must be room for FRAME_BYTES more than the record.
 * Every request writes two lines, so the text is encoded once, in place, and hashed there.
 */
export function writeLine(
  bytes: Buffer,
  at: number,
  head: ChainHead,
  time: string,
  json: string,
): { end: number; head: ChainHead } {
  const seq = head.seq + 1
  const start = at + bytes.write(`{"seq":${seq},"time":"${time}","prevHash":"${head.hash}"`, at, 'latin1')
  const end = start + bytes.write(json, start)
  bytes[start] = COMMA
  const digest = hash('sha256', bytes.subarray(at, end))
  // Over the record's closing brace, which the hashed text has at the same place.
  const done = end - 1 + bytes.write(`,"hash":"${digest}"}\n`, end - 1, 'latin1')
  return { end: done, head: { seq, hash: digest } }
}

/** Splits a line of `writeLine` into its parts, so that it can follow another head. */
export function recordOf(line: Buffer): { time: string; json: string } {
  const [, , time, , members] = (FRAME.exec(line.toString()) ?? []) as (string | undefined)[]
  if (time === undefined || members === undefined) throw new Error('not a line of the audit log')
  return { time, json: `{${members}}` }
}

export interface ChainedLine extends ChainHead {
  readonly prevHash: string
}

/** Reads one line (without its line feed); undefined if it is not a whole record that matches its own hash. */
export function readLine(line: Buffer): ChainedLine | undefined {
  // Bytes, not characters: distinct broken UTF-8 decodes to the same text.
  const frame = FRAME.exec(line.toString('latin1'))
  if (frame === null) return undefined
  const [, seq, , prevHash = '', , claimed = ''] = frame as (string | undefined)[]
  const digest = createHash('sha256')
    .update(line.subarray(0, line.length - TAIL_BYTES))
    .update('}')
  return digest.digest('hex') === claimed ? { seq: Number(seq), hash: claimed, prevHash } : undefined
}

/** Returns the last whole record in a segment's bytes, and where it ends; the bytes after it are torn. */
export function lastRecord(segment: Buffer): { head: ChainHead | undefined; endBytes: number } {
  let end = segment.lastIndexOf(0x0a)
  while (end >= 0) {
    const start = end === 0 ? 0 : segment.lastIndexOf(0x0a, end - 1) + 1
    const read = readLine(segment.subarray(start, end))
    if (read !== undefined) return { head: { seq: read.seq, hash: read.hash }, endBytes: end + 1 }
    end = start - 1
  }
  return { head: undefined, endBytes: 0 }
}

/** Returns the torn tails that a seal names, as JSON; undefined if the line is no seal. `readLine` must have accepted it. */
export function sealedTails(line: Buffer): string | undefined {
  // A quote inside a text is escaped, so this finds members only and most lines need no parsing.
  if (!line.includes('"phase":"seal"')) return undefined
  const { phase, torn } = JSON.parse(line.toString()) as { phase?: unknown; torn?: unknown }
  return phase === 'seal' ? JSON.stringify(torn) : undefined
}

/** Returns the file name of a segment: `00000001.jsonl`. */
export function segmentName(number: number): string {
  return `${String(number).padStart(8, '0')}.jsonl`
}

/** Returns the numbers of the segments among a folder's file names, in order. */
export function segmentNumbers(names: readonly string[]): number[] {
  const numbers: number[] = []
  for (const name of names) {
    const number = Number(/^(\d{8,})\.jsonl$/.exec(name)?.[1])
    if (number > 0 && segmentName(number) === name) numbers.push(number)
  }
  return numbers.toSorted((a, b) => a - b)
}
