/** Keeps the ledger's entries in a SQLite file. A write is on the disk when its promise resolves. */
import type { SqliteFile } from './sqlite-file.ts'
import type {
  LedgerChange,
  LedgerKind,
  LedgerNews,
  LedgerStore,
  NoteStore,
  Position,
  RawEntry,
  StoredEntry,
} from './store.ts'

/** Answers one row, whatever somebody deleted. */
const NOW =
  'SELECT last, epoch, head FROM (SELECT 1) LEFT JOIN revision ON true LEFT JOIN ledger_head ON true'

export class SqliteLedger implements LedgerStore {
  readonly #file: SqliteFile

  constructor(file: SqliteFile) {
    this.#file = file
  }

  /**
   * Returns what is new. It is asked all the time, so it also finds out when a file can be written again that could
   * not: a read does not show it.
   */
  async since(seen: Position | undefined): Promise<LedgerNews> {
    if (this.#file.failing) this.#file.write(() => this.#file.run('UPDATE revision SET last = last'))
    return this.#file.readAll(() => this.#since(seen))
  }

  async write(change: LedgerChange): Promise<'written' | 'behind'> {
    return this.#file.writeDurably(() => this.#write(change))
  }

  #since(seen: Position | undefined): LedgerNews {
    const now = this.#now()
    const isWhole = seen === undefined || seen.epoch !== now.epoch || seen.revision > now.revision
    if (!isWhole && seen.revision === now.revision) return { ...now, isWhole, entries: [] }
    const from = isWhole ? -1 : seen.revision
    const rows = this.#file.all('SELECT * FROM ledger WHERE revision > ? ORDER BY revision', from)
    return { ...now, isWhole, entries: rows.map(entryOf) }
  }

  #write({ at, put, forget, head }: LedgerChange): 'written' | 'behind' {
    const now = this.#now()
    if (now.epoch !== at.epoch || now.revision !== at.revision) return 'behind'
    for (const { kind, id } of forget)
      this.#file.run('DELETE FROM ledger WHERE kind = ? AND id = ?', kind, id)
    for (const [index, each] of put.entries()) this.#put(each, at.revision + 1 + index)
    this.#file.run('INSERT OR REPLACE INTO revision VALUES (1, ?)', at.revision + put.length)
    this.#file.run('INSERT OR REPLACE INTO ledger_head VALUES (1, ?, ?)', at.epoch, head)
    return 'written'
  }

  #put({ kind, id, text, mac, expiresAtMs }: RawEntry, revision: number): void {
    const values = [kind, id, text, mac, expiresAtMs ?? null, revision]
    this.#file.run('INSERT OR REPLACE INTO ledger VALUES (?, ?, ?, ?, ?, ?)', ...values)
  }

  #now(): Position & { readonly head: string | undefined } {
    const row = this.#file.get(NOW)
    const head = row?.['head']
    return {
      epoch: String(row?.['epoch'] ?? ''),
      revision: Number(row?.['last'] ?? 0),
      head: typeof head === 'string' ? head : undefined,
    }
  }
}

export class SqliteNotes implements NoteStore {
  readonly #file: SqliteFile

  constructor(file: SqliteFile) {
    this.#file = file
  }

  async get(name: string): Promise<string | undefined> {
    const text = this.#file.read('SELECT text FROM note WHERE name = ?', name)[0]?.['text']
    return typeof text === 'string' ? text : undefined
  }

  async set(name: string, text: string): Promise<void> {
    this.#file.write(() => this.#file.run('INSERT OR REPLACE INTO note VALUES (?, ?)', name, text))
  }
}

function entryOf(row: Readonly<Record<string, unknown>>): StoredEntry {
  return {
    kind: String(row['kind']) as LedgerKind,
    id: String(row['id']),
    text: String(row['text']),
    mac: String(row['mac']),
    expiresAtMs: row['expires_at_ms'] === null ? undefined : Number(row['expires_at_ms']),
    revision: Number(row['revision']),
  }
}
