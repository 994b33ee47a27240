/** Keeps a SQLite file open that several processes may share, and opens it again after it failed. */
import { closeSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite'
import { diskTrouble } from '../core/disk.ts'
import { errorMessage } from '../core/error-message.ts'
import { makeOwnFolder } from '../core/own-folder.ts'
import { ensureSchema } from './sqlite-schema.ts'
import { UnfitStore } from './store-failure.ts'

type Row = Record<string, SQLOutputValue>

export interface SqliteOptions {
  readonly path: string
  /** How long to wait for another process's write; this process does nothing else meanwhile. */
  readonly busyMs: number
}

/** Result codes of a file that is damaged: tables are missing, corrupt, no database. */
const DAMAGED = new Set([1, 11, 26])
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
  /** Which file it is, whatever its name. */
  readonly #identity: string
  readonly isNew: boolean

  /** Throws if the file cannot be used, and says what to do. */
  constructor(options: SqliteOptions) {
    this.#options = options
    makeOwnFolder(dirname(options.path))
    // Made here, so that it is its owner's alone; SQLite gives the files beside it the same mode.
    closeSync(openSync(options.path, 'a', 0o600))
    this.#identity = identityOf(options.path)
    try {
      this.isNew = this.#openPatiently()
    } catch (error) {
      throw error instanceof UnfitStore ? error : unusable(options.path, error)
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
      const result = this.#guard(() => {
        this.#checkIdentity()
        return this.#transact(work, 'BEGIN IMMEDIATE')
      })
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

  /** Runs `work`, which reads, on one state of the file. */
  readAll<Result>(work: () => Result): Result {
    return this.#guard(() => {
      this.#checkIdentity()
      return this.#transact(work, 'BEGIN')
    })
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

  #transact<Result>(work: () => Result, begin: string): Result {
    this.run(begin)
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
    return this.#db ?? this.#open().db
  }

  /** Several processes may start at once: SQLite does not wait where one of them turns the file to WAL. */
  #openPatiently(): boolean {
    for (let left = OPEN_TRIES; ; left -= 1) {
      try {
        return this.#open().isNew
      } catch (error) {
        if (left === 0 || !isPassing(error)) throw error
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, OPEN_PAUSE_MS)
      }
    }
  }

  #open(): { readonly db: DatabaseSync; readonly isNew: boolean } {
    const { path } = this.#options
    // SQLite would make it anew, and every bucket in it would be full.
    this.#checkIdentity()
    const db = new DatabaseSync(path, { timeout: this.#busyMs() })
    try {
      db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
      const isNew = ensureSchema(db)
      this.#db = db
      return { db, isNew }
    } catch (error) {
      db.close()
      throw error
    }
  }

  /** A file that was removed stays open, and its next reader finds another under its name, or none. */
  #checkIdentity(): void {
    const { path } = this.#options
    if (identityOf(path) === this.#identity) return
    throw new UnfitStore(
      `${path} is gone, or was replaced, while Moderato used it: put the same file back, or restart Moderato`,
    )
  }

  #guard<Result>(work: () => Result): Result {
    try {
      return work()
    } catch (error) {
      if (error instanceof UnfitStore) throw error
      if (!isPassing(error)) this.#drop()
      throw DAMAGED.has(codeOf(error)) ? unusable(this.#options.path, error) : error
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

/** Names a file itself; empty: there is none of this name. */
function identityOf(path: string): string {
  const file = statSync(path, { bigint: true, throwIfNoEntry: false })
  return file === undefined ? '' : `${file.dev}:${file.ino}`
}

function unusable(path: string, error: unknown): UnfitStore {
  const trouble =
    diskTrouble(path, error) ??
    `${errorMessage(error)}. Restore it, or move it away. Without it Moderato starts anew, once \`moderato state accept\` says so.`
  return new UnfitStore(`${path} cannot be used: ${trouble}`, { cause: error })
}

function codeOf(error: unknown): number {
  const has = error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
  return has ? Number(error.errcode) & 0xff : 0
}

function isPassing(error: unknown): boolean {
  return PASSING.has(codeOf(error))
}
