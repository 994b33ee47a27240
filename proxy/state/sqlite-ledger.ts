/** Keeps the ledger's entries in a SQLite file. A write is on the disk when its promise resolves. */
import type { Clock } from '../core/ports.ts'
import type { SqliteFile } from './sqlite-file.ts'
import {
  LEDGER_KEPT_MS,
  type LedgerKind,
  type LedgerStore,
  type RawEntry,
  type StoredEntry,
} from './store.ts'

const FORGOTTEN_PER_WRITE = 8

export class SqliteLedger implements LedgerStore {
  readonly #file: SqliteFile
  readonly #clock: Clock

  constructor(file: SqliteFile, clock: Clock) {
    this.#file = file
    this.#clock = clock
  }

  async write(entry: RawEntry, expected?: number): Promise<number | undefined> {
    return this.#file.writeDurably(() => this.#write(entry, expected))
  }

  /**
   * Returns what is new. It is asked all the time, so it also finds out when a file can be written again that could
   * not: a read does not show it.
   */
  async since(revision: number): Promise<readonly StoredEntry[]> {
    if (this.#file.failing) this.#file.write(() => this.#file.run('UPDATE revision SET last = last'))
    return this.#file
      .read('SELECT * FROM ledger WHERE revision > ? ORDER BY revision', revision)
      .map((row) => ({
        kind: String(row['kind']) as LedgerKind,
        id: String(row['id']),
        text: String(row['text']),
        mac: String(row['mac']),
        expiresAtMs: row['expires_at_ms'] === null ? undefined : Number(row['expires_at_ms']),
        revision: Number(row['revision']),
      }))
  }

  #write({ kind, id, text, mac, expiresAtMs }: RawEntry, expected: number | undefined): number | undefined {
    const overSinceMs = this.#clock.nowMs() - LEDGER_KEPT_MS
    this.#file.run(
      `DELETE FROM ledger WHERE (kind, id) IN
        (SELECT kind, id FROM ledger WHERE expires_at_ms < ? ORDER BY expires_at_ms LIMIT ?)`,
      overSinceMs,
      FORGOTTEN_PER_WRITE,
    )
    const known = this.#file.get(
      `SELECT revision FROM ledger
        WHERE kind = ? AND id = ? AND (expires_at_ms IS NULL OR expires_at_ms >= ?)`,
      kind,
      id,
      overSinceMs,
    )
    // Only what was forgotten is gone, or counts so: whoever expects it was the last to write it.
    if (expected !== undefined && known !== undefined && known['revision'] !== expected) return undefined
    const revision = Number(this.#file.get('UPDATE revision SET last = last + 1 RETURNING last')?.['last'])
    this.#file.run(
      'INSERT OR REPLACE INTO ledger VALUES (?, ?, ?, ?, ?, ?)',
      kind,
      id,
      text,
      mac,
      expiresAtMs ?? null,
      revision,
    )
    return revision
  }
}
