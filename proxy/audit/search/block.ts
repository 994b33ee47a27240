/**
 * Makes blocks of a segment for the index: columns that say, for up to 4,096 records that follow one another, where each
 * stands, when it was, which shape it has and what it is about. Pure.
 */
import { recordShape, type LoggedRecord } from './filter.ts'

/** A record's place in its block takes two bytes of a mask, and a block's rows stay small. */
const MOST_RECORDS = 4_096
/** What is not in a whole block yet is read at each search, so its length is bounded. */
const MOST_BYTES = 4 * 1024 * 1024
const LINE_FEED = 0x0a
/** The end of each line: its hash, and the line feed. A block whose last line ends otherwise is of another log. */
const MARK_BYTES = 68

/** A Block describes records that follow one another in a segment. */
export interface Block {
  readonly segment: number
  /** Bytes of the segment. */
  readonly start: number
  readonly end: number
  /** Milliseconds since the epoch: the earliest and the latest record. */
  readonly fromMs: number
  readonly untilMs: number
  /** The number of the last record. */
  readonly lastSeq: number
  /** The last bytes, as text. */
  readonly mark: string
  /** Ids of shapes, one for each record. */
  readonly shapes: Uint32Array
  /** Milliseconds since the epoch; NaN if the time cannot be read. */
  readonly times: Float64Array
  /** Bytes after `start` at which each record begins. */
  readonly offsets: Uint32Array
  /** A line for each resource: its name as JSON, a space, and the places of its records, joined by commas. */
  readonly names: Buffer
}

/** Returns the id of a shape, whose text is JSON. */
export type ShapeId = (shape: string) => number

/**
 * Cuts bytes of a segment from `start` on into blocks. An incomplete line at the end is left for later, and unless
 * `whole`, so are the last records while they do not fill a block.
 */
export function* blocksOf(
  bytes: Buffer,
  at: { readonly segment: number; readonly start: number },
  whole: boolean,
  idOf: ShapeId,
): Generator<Block> {
  let making = new Making(at.segment, at.start, idOf)
  let from = 0
  for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, from)) {
    making.add(bytes, from, end, at.start)
    from = end + 1
    if (!making.isFull(at.start + from)) continue
    yield making.block(at.start + from, markAt(bytes, from))
    making = new Making(at.segment, at.start + from, idOf)
  }
  if (whole && at.start + from > making.start) yield making.block(at.start + from, markAt(bytes, from))
}

/** Returns the mark of what ends there. */
export function markAt(bytes: Buffer, end: number): string {
  return bytes.toString('latin1', Math.max(0, end - MARK_BYTES), end)
}

/** Parses a line of the log; undefined if it is no record. */
export function recordOfLine(text: string): LoggedRecord | undefined {
  try {
    const record: unknown = JSON.parse(text)
    // What Moderato wrote has these members; anything else is torn or not ours.
    if (typeof record !== 'object' || record === null || !('phase' in record && 'seq' in record))
      return undefined
    return Number.isSafeInteger(record.seq) ? (record as LoggedRecord) : undefined
  } catch {
    return undefined
  }
}

class Making {
  readonly start: number
  readonly #segment: number
  readonly #idOf: ShapeId
  readonly #shapes: number[] = []
  readonly #times: number[] = []
  readonly #offsets: number[] = []
  readonly #names = new Map<string, string>()
  #lastSeq = 0

  constructor(segment: number, start: number, idOf: ShapeId) {
    this.#segment = segment
    this.start = start
    this.#idOf = idOf
  }

  add(bytes: Buffer, from: number, end: number, base: number): void {
    const record = recordOfLine(bytes.toString('utf8', from, end))
    if (record === undefined) return
    const place = this.#shapes.length
    this.#lastSeq = record.seq
    this.#shapes.push(this.#idOf(JSON.stringify(recordShape(record))))
    this.#times.push(Date.parse(record.time))
    this.#offsets.push(base + from - this.start)
    for (const name of record.resources ?? []) {
      const places = this.#names.get(name)
      this.#names.set(name, places === undefined ? `${place}` : `${places},${place}`)
    }
  }

  isFull(end: number): boolean {
    return this.#shapes.length >= MOST_RECORDS || end - this.start >= MOST_BYTES
  }

  block(end: number, mark: string): Block {
    const known = this.#times.filter((each) => !Number.isNaN(each))
    // A time that cannot be read fits every search.
    const isKnown = known.length === this.#times.length
    const lines = Array.from(this.#names, ([name, places]) => `${JSON.stringify(name)} ${places}\n`)
    return {
      segment: this.#segment,
      start: this.start,
      end,
      fromMs: isKnown ? known.reduce((a, b) => Math.min(a, b), Infinity) : -Infinity,
      untilMs: isKnown ? known.reduce((a, b) => Math.max(a, b), -Infinity) : Infinity,
      lastSeq: this.#lastSeq,
      mark,
      shapes: Uint32Array.from(this.#shapes),
      times: Float64Array.from(this.#times),
      offsets: Uint32Array.from(this.#offsets),
      names: Buffer.from(lines.join('')),
    }
  }
}
