/** Keeps a SQLite file open that several processes may share, and opens it again after it failed. */
import { closeSync, existsSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite'
import { diskTrouble } from '../core/disk.ts'
import { errorMessage } from '../core/error-message.ts'
import { makeOwnFolder } from '../core/own-folder.ts'

type Row = Record<string, SQLOutputValue>

export interface SqliteOptions {
  readonly path: string
  /** How long to wait for another process's write; this process does nothing else meanwhile. */
  readonly busyMs: number
}

const SCHEMA_VERSION = 1
const SCHEMA = `
  CREATE TABLE clock (one INTEGER PRIMARY KEY CHECK (one = 1), boot_id TEXT NOT NULL, ahead_ms REAL NOT NULL, last_ms REAL NOT NULL) STRICT;
  CREATE TABLE bucket (key TEXT PRIMARY KEY, tat_ms REAL NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE ledger (
    kind TEXT NOT NULL, id TEXT NOT NULL, text TEXT NOT NULL, mac TEXT NOT NULL, expires_at_ms REAL,
    revision INTEGER NOT NULL UNIQUE, PRIMARY KEY (kind, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX ledger_expiry ON ledger (expires_at_ms) WHERE expires_at_ms IS NOT NULL;
  CREATE TABLE revision (one INTEGER PRIMARY KEY CHECK (one = 1), last INTEGER NOT NULL) STRICT;
  CREATE TABLE forwarded (
    agent TEXT NOT NULL, key TEXT NOT NULL, invocation TEXT NOT NULL, forget_at_ms REAL NOT NULL,
    PRIMARY KEY (agent, key, invocation)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX forwarded_age ON forwarded (forget_at_ms);
  CREATE TABLE forwarded_count (agent TEXT PRIMARY KEY, calls INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO revision VALUES (1, 0);
  PRAGMA user_version = ${SCHEMA_VERSION};
`
/** Result codes after which the open file is as good as before: busy, out of space. */
const PASSING = new Set([5, 13])
const OPEN_TRIES = 100
const OPEN_PAUSE_MS = 20

/**
 * Opens the file in WAL mode, so that readers and one writer go on side by side. Commits reach the operating system at
 * once, so `kill -9` loses none (synchronous NORMAL); a power failure may lose the last ones, except those of
 * `writeDurably`.
 */
export class SqliteFile {
  readonly #options: SqliteOptions
  #db: DatabaseSync | undefined
  readonly #statements = new Map<string, StatementSync>()
  #failing = false

  /** Throws if the file cannot be used, and says what to do. */
  constructor(options: SqliteOptions) {
    this.#options = options
    makeOwnFolder(dirname(options.path))
    // Made here, so that it is its owner's alone; SQLite gives the files beside it the same mode.
    closeSync(openSync(options.path, 'a', 0o600))
    try {
      this.#openPatiently()
    } catch (error) {
      const trouble =
        diskTrouble(options.path, error) ?? `${errorMessage(error)}. Restore it, or move it away.`
      throw new Error(`${options.path} cannot be used: ${trouble}`, { cause: error })
    }
  }

  /**
   * Tells whether the last write failed. Until one succeeds, none waits for another process: that would hold up reads.
   */
  get failing(): boolean {
    return this.#failing
  }

  /** Runs `work` as one transaction that nobody else writes in. Throws if the file fails; nothing is changed then. */
  write<Result>(work: () => Result): Result {
    try {
      const result = this.#guard(() => this.#transact(work))
      this.#turn(false)
      return result
    } catch (error) {
      this.#turn(true)
      throw error
    }
  }

  /** `write`, on the disk when it returns. */
  writeDurably<Result>(work: () => Result): Result {
    this.#guard(() => this.#opened().exec('PRAGMA synchronous = FULL'))
    try {
      return this.write(work)
    } finally {
      this.#db?.exec('PRAGMA synchronous = NORMAL')
    }
  }

  /** Runs one SELECT on its own, and returns its rows. */
  read(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#guard(() => this.#statement(sql).all(...values))
  }

  /** Returns the first row; within `write` only, as `run` and `all` are. */
  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#statement(sql).get(...values)
  }

  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#statement(sql).all(...values)
  }

  run(sql: string, ...values: SQLInputValue[]): void {
    this.#statement(sql).run(...values)
  }

  close(): void {
    this.#statements.clear()
    const db = this.#db
    this.#db = undefined
    db?.close()
  }

  #transact<Result>(work: () => Result): Result {
    this.run('BEGIN IMMEDIATE')
    try {
      const result = work()
      this.run('COMMIT')
      return result
    } catch (error) {
      if (this.#db?.isTransaction === true) this.run('ROLLBACK')
      throw error
    }
  }

  #turn(failing: boolean): void {
    if (this.#failing === failing) return
    this.#failing = failing
    this.#db?.exec(`PRAGMA busy_timeout = ${this.#busyMs()}`)
  }

  #busyMs(): number {
    return this.#failing ? 0 : this.#options.busyMs
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const made = this.#opened().prepare(sql)
    this.#statements.set(sql, made)
    return made
  }

  #opened(): DatabaseSync {
    return this.#db ?? this.#open()
  }

  /** Several processes may start at once: SQLite does not wait where one of them turns the file to WAL. */
  #openPatiently(): void {
    for (let left = OPEN_TRIES; ; left -= 1) {
      try {
        this.#open()
        return
      } catch (error) {
        if (left === 0 || !isPassing(error)) throw error
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, OPEN_PAUSE_MS)
      }
    }
  }

  #open(): DatabaseSync {
    const { path } = this.#options
    // SQLite would make it anew, and every bucket in it would be full.
    if (!existsSync(path)) throw new Error(`${path} is gone`)
    const db = new DatabaseSync(path, { timeout: this.#busyMs() })
    try {
      db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
      ensureSchema(db)
    } catch (error) {
      db.close()
      throw error
    }
    this.#db = db
    return db
  }

  #guard<Result>(work: () => Result): Result {
    try {
      return work()
    } catch (error) {
      if (!isPassing(error)) this.#drop()
      throw error
    }
  }

  /** The next use opens the file anew. */
  #drop(): void {
    try {
      this.close()
    } catch {
      // It failed before; what counts is that it is not used again.
    }
  }
}

function ensureSchema(db: DatabaseSync): void {
  db.exec('BEGIN IMMEDIATE')
  const version = db.prepare('PRAGMA user_version').get()?.['user_version']
  if (version === 0) db.exec(SCHEMA)
  else if (version !== SCHEMA_VERSION)
    throw new Error(`it was written by another version of Moderato (${String(version)})`)
  db.exec('COMMIT')
}

function isPassing(error: unknown): boolean {
  if (!(error instanceof Error && 'errcode' in error && typeof error.errcode === 'number')) return false
  return PASSING.has(error.errcode & 0xff)
}
