/**
 * Keeps the index of an audit log in a SQLite file beside the log. It holds nothing that the log does not say, and proves
 * nothing: whatever is wrong with it, it is made again from the log.
 */
import { DatabaseSync, type SQLOutputValue, type StatementSync } from 'node:sqlite'
import type { Block } from './block.ts'
import type { Columns } from './block-search.ts'
import type { RecordShape } from './filter.ts'
import { isDamage, isOurs, makeOwn, OtherVersion, pathOf, removeIndex } from './index-place.ts'

/** Changes with what the file holds. A file of another version is made again. */
const VERSION = 1
const BUSY_MS = 5_000
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS shapes (id INTEGER PRIMARY KEY, shape TEXT NOT NULL UNIQUE);
  CREATE TABLE IF NOT EXISTS segments (segment INTEGER PRIMARY KEY, size INTEGER NOT NULL, changed TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS blocks (
    segment INTEGER NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL, from_ms REAL, until_ms REAL,
    last_seq INTEGER NOT NULL, mark TEXT NOT NULL, kinds BLOB NOT NULL, UNIQUE (segment, start));
  CREATE TABLE IF NOT EXISTS columns (
    block INTEGER PRIMARY KEY, shapes BLOB NOT NULL, times BLOB NOT NULL, offsets BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS names (block INTEGER PRIMARY KEY, names BLOB NOT NULL);
  PRAGMA user_version = ${VERSION};`

/** Identifies what a finished segment was like when it was indexed. */
export interface SegmentState {
  readonly size: number
  /** When its file was changed last, in nanoseconds. */
  readonly changed: string
}

/** A StoredBlock is a block in the index, whose columns are read when they are asked for. */
export interface StoredBlock extends Columns {
  readonly segment: number
  readonly start: number
  readonly end: number
  offsets(): Block['offsets']
}

/** Where the index of a segment ends. */
export interface IndexedEnd {
  readonly end: number
  readonly mark: string
}

export class IndexFile {
  readonly #db: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  readonly #ids = new Map<string, number>()

  private constructor(db: DatabaseSync) {
    this.#db = db
  }

  /**
   * Opens the index of a log's folder: `DIR-index.sqlite`. Where that cannot be its owner's own file, or somebody holds
   * it, the index is in memory, for this process alone. A damaged file, or one of another version, is made anew.
   */
  static open(dir: string): IndexFile {
    const path = pathOf(dir)
    if (!isOurs(dir) || !makeOwn(path)) return IndexFile.inMemory()
    try {
      return IndexFile.#at(path)
    } catch (error) {
      if (!isDamage(error)) return IndexFile.inMemory()
      removeIndex(dir)
      return makeOwn(path) ? IndexFile.#at(path) : IndexFile.inMemory()
    }
  }

  /** Returns an index that ends with the process. */
  static inMemory(): IndexFile {
    return IndexFile.#at(':memory:')
  }

  static #at(path: string): IndexFile {
    const db = new DatabaseSync(path, { timeout: BUSY_MS })
    try {
      db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
      const { user_version: version } = db.prepare('PRAGMA user_version').get() ?? {}
      if (version !== 0 && version !== VERSION) throw new OtherVersion()
      if (version === 0) db.exec(SCHEMA)
      return new IndexFile(db)
    } catch (error) {
      db.close()
      throw error
    }
  }

  close(): void {
    this.#db.close()
  }

  /** Runs `work` as one transaction that nobody else writes in. */
  write(work: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      work()
      this.#db.exec('COMMIT')
    } catch (error) {
      // Ids that were given in it are given again, to other shapes.
      this.#ids.clear()
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw error
    }
  }

  /** Reads one state of the file, whatever others write, until the function that it returns is called. */
  snapshot(): () => void {
    this.#db.exec('BEGIN')
    return () => {
      if (this.#db.isOpen && this.#db.isTransaction) this.#db.exec('COMMIT')
    }
  }

  /** Returns the id of a shape, which never changes; within `write`. */
  idOf(shape: string): number {
    const known = this.#ids.get(shape)
    if (known !== undefined) return known
    this.#run('INSERT OR IGNORE INTO shapes (shape) VALUES (?)', shape)
    const id = Number(this.#statement('SELECT id FROM shapes WHERE shape = ?').get(shape)?.['id'])
    this.#ids.set(shape, id)
    return id
  }

  /** Returns a 1 for each id of a shape that `isFit` accepts. */
  fitting(isFit: (shape: RecordShape) => boolean): Uint8Array {
    const rows = this.#statement('SELECT id, shape FROM shapes').all()
    const ids = rows.map(({ id }) => Number(id))
    const fitting = new Uint8Array(ids.reduce((a, b) => Math.max(a, b), 0) + 1)
    for (const [row, { shape }] of rows.entries()) {
      if (isFit(JSON.parse(String(shape)) as RecordShape)) fitting[ids[row] ?? 0] = 1
    }
    return fitting
  }

  /** Adds a block; within `write`. */
  add(block: Block): void {
    const { segment, start, end, fromMs, untilMs, lastSeq, mark } = block
    const sql = 'INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?, ?, ?)'
    const kinds = Uint32Array.from(new Set(block.shapes))
    this.#run(sql, segment, start, end, fromMs, untilMs, lastSeq, mark, bytesOf(kinds))
    const id = Number(this.#statement('SELECT last_insert_rowid() AS id').get()?.['id'])
    const columns = [block.shapes, block.times, block.offsets].map(bytesOf)
    this.#run('INSERT INTO columns VALUES (?, ?, ?, ?)', id, ...columns)
    this.#run('INSERT INTO names VALUES (?, ?)', id, block.names)
  }

  /** Notes that a segment is indexed whole; within `write`. */
  finish(segment: number, { size, changed }: SegmentState): void {
    this.#run('INSERT OR REPLACE INTO segments VALUES (?, ?, ?)', segment, size, changed)
  }

  /** Removes what the index says of a segment; within `write`. */
  forget(segment: number): void {
    for (const table of ['columns', 'names'])
      this.#run(`DELETE FROM ${table} WHERE block IN (SELECT rowid FROM blocks WHERE segment = ?)`, segment)
    this.#run('DELETE FROM blocks WHERE segment = ?', segment)
    this.#run('DELETE FROM segments WHERE segment = ?', segment)
  }

  /** Returns the segments that the index knows. */
  segments(): readonly number[] {
    const rows = this.#statement(
      'SELECT DISTINCT segment FROM blocks UNION SELECT segment FROM segments',
    ).all()
    return rows.map(({ segment }) => Number(segment))
  }

  /** Returns what a segment was like that is indexed whole; undefined if it is not. */
  finished(segment: number): SegmentState | undefined {
    const row = this.#statement('SELECT size, changed FROM segments WHERE segment = ?').get(segment)
    return row && { size: Number(row['size']), changed: String(row['changed']) }
  }

  /** Returns where the blocks of a segment end; undefined if there are none. */
  endOf(segment: number): IndexedEnd | undefined {
    const sql = 'SELECT end, mark FROM blocks WHERE segment = ? ORDER BY start DESC LIMIT 1'
    const row = this.#statement(sql).get(segment)
    return row && { end: Number(row['end']), mark: String(row['mark']) }
  }

  /** Yields the blocks of a segment, oldest first, or newest first. */
  *blocks(segment: number, order: 'oldest' | 'newest'): Generator<StoredBlock> {
    const direction = order === 'oldest' ? 'ASC' : 'DESC'
    const sql = `SELECT rowid AS id, start, end, from_ms, until_ms, last_seq, kinds FROM blocks WHERE segment = ? ORDER BY start ${direction}`
    for (const row of this.#statement(sql).all(segment)) {
      const { id = 0 } = row
      const column = (name: string, table = 'columns'): ArrayBuffer =>
        bufferOf(this.#statement(`SELECT ${name} FROM ${table} WHERE block = ?`).get(id)?.[name])
      yield {
        segment,
        start: Number(row['start']),
        end: Number(row['end']),
        fromMs: Number(row['from_ms']),
        untilMs: Number(row['until_ms']),
        lastSeq: Number(row['last_seq']),
        kinds: () => new Uint32Array(bufferOf(row['kinds'])),
        shapes: () => new Uint32Array(column('shapes')),
        times: () => new Float64Array(column('times')),
        offsets: () => new Uint32Array(column('offsets')),
        names: () => Buffer.from(column('names', 'names')),
      }
    }
  }

  #run(sql: string, ...values: (string | number | Uint8Array)[]): void {
    this.#statement(sql).run(...values)
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const made = this.#db.prepare(sql)
    this.#statements.set(sql, made)
    return made
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Uint32Array | Float64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

/** Returns the bytes of a column, as SQLite gave them, at the beginning of a buffer of their own. */
function bufferOf(value: SQLOutputValue | undefined): ArrayBuffer {
  if (!(value instanceof Uint8Array)) return new ArrayBuffer(0)
  const { buffer, byteOffset, byteLength } = value
  const isWhole = byteOffset === 0 && byteLength === buffer.byteLength
  return isWhole ? buffer : buffer.slice(byteOffset, byteOffset + byteLength)
}
