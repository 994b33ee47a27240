/** Searches one audit log by its index, and what the index does not have yet in the log itself. */
import { closeSync, fstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { segmentName, segmentNumbers } from '../chain.ts'
import { blocksOf, markAt, recordOfLine, type Block } from './block.ts'
import { fittingPlaces, type Columns } from './block-search.ts'
import { fitsRecord, fitsShape, isAfter, type LoggedRecord, type RecordFilter } from './filter.ts'
import { IndexFile, type SegmentState } from './index-file.ts'
import { isDamage, removeIndex, sqliteCode } from './index-place.ts'

/** A FoundRecord is a record that fits, with its line as it stands in the log. */
export interface FoundRecord {
  readonly line: string
  readonly record: LoggedRecord
}

interface Looking {
  readonly filter: RecordFilter
  /** A 1 for each id of a shape that fits. */
  readonly fitting: Uint8Array
  readonly order: 'oldest' | 'newest'
}

/** The index says something else than the log: somebody changed one of them and set the time of the change back. */
export class StaleIndex extends Error {
  override readonly name = 'StaleIndex'
}

/** A LogIndex belongs to the folder of one log. Nothing it does changes the log. */
export class LogIndex {
  readonly #dir: string
  #file: IndexFile

  /** Throws if the folder cannot be read. */
  constructor(dir: string) {
    this.#dir = dir
    readdirSync(dir)
    this.#file = IndexFile.open(dir)
  }

  close(): void {
    this.#file.close()
  }

  /** Forgets all that was indexed, so that it is made anew. */
  forget(): void {
    const file = this.#file
    file.write(() => {
      for (const segment of file.segments()) file.forget(segment)
    })
  }

  /**
   * Makes the index fit to be used after an error. False if the error is not the index's. A damaged file is made anew; one
   * that cannot be written is left, and the index goes on in memory.
   */
  mend(error: unknown): boolean {
    const isStale = error instanceof StaleIndex
    if (!isStale && sqliteCode(error) === undefined) return false
    if (isStale) {
      this.forget()
      return true
    }
    this.#file.close()
    if (isDamage(error)) removeIndex(this.#dir)
    this.#file = isDamage(error) ? IndexFile.open(this.#dir) : IndexFile.inMemory()
    return true
  }

  /** Indexes what is whole and not indexed yet; what has changed since is indexed again. */
  catchUp(): void {
    const numbers = segmentNumbers(readdirSync(this.#dir))
    const file = this.#file
    const gone = file.segments().filter((each) => !numbers.includes(each))
    if (gone.length > 0) file.write(() => gone.forEach((each) => file.forget(each)))
    for (const number of numbers) this.#catchUp(number, number !== numbers.at(-1))
  }

  /** Yields the records that fit, oldest first or newest first, as they stand in the log. Throws `StaleIndex`. */
  *find(filter: RecordFilter, order: 'oldest' | 'newest'): Generator<FoundRecord> {
    this.catchUp()
    const done = this.#file.snapshot()
    try {
      const fitting = this.#file.fitting((shape) => fitsShape(filter, shape))
      const numbers = segmentNumbers(readdirSync(this.#dir))
      for (const number of order === 'oldest' ? numbers : numbers.toReversed())
        yield* this.#findIn(number, { filter, fitting, order })
    } finally {
      done()
    }
  }

  /** What is in no block is read as it is, also where another process has just removed the blocks. */
  *#findIn(number: number, { filter, fitting, order }: Looking): Generator<FoundRecord> {
    const rest = this.#file.finished(number) === undefined ? this.#restOf(number, filter) : []
    if (order === 'newest') yield* rest.toReversed()
    for (const block of this.#file.blocks(number, order)) {
      const places = fittingPlaces(block, filter, fitting)
      if (places.length > 0)
        yield* this.#read(block, order === 'oldest' ? places : places.toReversed(), filter)
    }
    if (order === 'oldest') yield* rest
  }

  #catchUp(number: number, isFinished: boolean): void {
    const file = this.#file
    const path = join(this.#dir, segmentName(number))
    const now = stateOf(path)
    const then = file.finished(number)
    if (isFinished && then?.size === now.size && then.changed === now.changed) return
    const known = file.endOf(number)
    const isSame = then === undefined && (known === undefined || known.mark === markIn(path, known.end))
    if (!isSame) file.write(() => file.forget(number))
    const start = isSame ? (known?.end ?? 0) : 0
    const bytes = bytesFrom(path, start)
    file.write(() => {
      // Another process may have been faster.
      if ((file.endOf(number)?.end ?? 0) !== start) return
      const at = { segment: number, start }
      for (const block of blocksOf(bytes, at, isFinished, (shape) => file.idOf(shape))) file.add(block)
      if (isFinished) file.finish(number, now)
    })
  }

  /** Returns the records that fit after the last block: there are few. */
  #restOf(number: number, filter: RecordFilter): FoundRecord[] {
    const bytes = bytesFrom(join(this.#dir, segmentName(number)), this.#file.endOf(number)?.end ?? 0)
    const text = bytes.toString('utf8', 0, bytes.lastIndexOf(0x0a) + 1)
    const found = text.split('\n').map((line) => ({ line, record: recordOfLine(line) }))
    return found.filter(
      (each): each is FoundRecord => each.record !== undefined && fitsRecord(filter, each.record),
    )
  }

  *#read(
    block: Columns & Pick<Block, 'segment' | 'start' | 'end'> & { offsets(): Uint32Array },
    places: readonly number[],
    filter: RecordFilter,
  ): Generator<FoundRecord> {
    const offsets = block.offsets()
    const file = openSync(join(this.#dir, segmentName(block.segment)), 'r')
    try {
      for (const place of places) {
        const from = block.start + (offsets[place] ?? 0)
        const next = offsets[place + 1]
        const until = next === undefined ? block.end : block.start + next
        const [line = ''] = textAt(file, from, until).split('\n', 1)
        const record = recordOfLine(line)
        if (record !== undefined && !isAfter(filter, record.seq)) continue
        if (record === undefined || !fitsRecord(filter, record)) {
          throw new StaleIndex(`the index of ${this.#dir} does not fit the log`)
        }
        yield { line, record }
      }
    } finally {
      closeSync(file)
    }
  }
}

function stateOf(path: string): SegmentState {
  const { size, mtimeNs } = statSync(path, { bigint: true })
  return { size: Number(size), changed: String(mtimeNs) }
}

function bytesFrom(path: string, start: number): Buffer {
  const file = openSync(path, 'r')
  try {
    const bytes = Buffer.allocUnsafe(Math.max(0, fstatSync(file).size - start))
    return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, start))
  } finally {
    closeSync(file)
  }
}

/** Returns the mark that a segment has now where a block ended. */
function markIn(path: string, end: number): string {
  const file = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(Math.min(end, 128))
    const got = readSync(file, bytes, 0, bytes.length, end - bytes.length)
    return markAt(bytes, got)
  } finally {
    closeSync(file)
  }
}

function textAt(file: number, from: number, until: number): string {
  const bytes = Buffer.allocUnsafe(until - from)
  return bytes.toString('utf8', 0, readSync(file, bytes, 0, bytes.length, from))
}
