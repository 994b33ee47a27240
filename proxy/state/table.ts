/**
 * A table is a typed view of one kind of ledger entry. Everybody who reads or writes the ledger does it through one.
 *
 * An entry can be genuine and still unreadable: another version of Moderato wrote it (during an upgrade, or before a
 * rollback), or somebody edited it by hand with the ledger's key. Each kind says once, where its table is made, what
 * such an entry means. The meaning is the safer one: what stops calls still stops them, what lets calls go does not.
 */
import type { z } from 'zod'
import { LAST_MOMENT_MS } from '../core/moment.ts'
import type { Entry, LedgerKind } from './store.ts'

/** Holds an entry in force, as its kind reads it. */
export interface Row<Value> {
  readonly id: string
  readonly value: Value
  readonly revision: number
  /** Milliseconds since the epoch; undefined: it does not end by itself. */
  readonly expiresAtMs: number | undefined
  /** The entry cannot be read: `value` is what its kind takes such an entry for. */
  readonly isUnreadable: boolean
}

/** Holds an entry in force that this version cannot read. */
export interface UnreadableEntry {
  readonly id: string
  readonly value: unknown
  /** When it was written, by its writer's clock: not before that, and hardly after it. */
  readonly writtenAtMs: number
  readonly expiresAtMs: number | undefined
}

/** Says what an entry means that cannot be read; undefined: it is not in force. */
export type WhenUnreadable<Value> = (entry: UnreadableEntry) => Value | undefined

/** Tells whoever logs it that an entry cannot be read. */
export type Unreadable = (entry: Entry, problem: string) => void

export interface TableOptions<Value> {
  readonly kind: LedgerKind
  readonly schema: z.ZodType<Value>
  readonly whenUnreadable: WhenUnreadable<Value>
  /** The entries of a kind that are meant, where a kind holds several things. */
  readonly ids?: IdForm | undefined
}

/**
 * Says which entries are meant: those whose ids have this prefix, which the table leaves out of them, or those whose
 * whole id has this form.
 */
export type IdForm = { readonly prefix: string } | { readonly form: RegExp }

export interface PutOptions {
  readonly expiresAtMs?: number | undefined
}

export interface ReplaceOptions extends PutOptions {
  /** The entry is written only if its revision is still this; 0: only if there is none. */
  readonly expected: number
}

/** Names what a table needs of the ledger. */
export interface TableLedger {
  get(kind: LedgerKind, id: string): Entry | undefined
  all(kind: LedgerKind): Entry[]
  put(kind: LedgerKind, id: string, value: unknown, options: PutOptions): Promise<Entry>
  replace(kind: LedgerKind, id: string, value: unknown, options: ReplaceOptions): Promise<Entry | undefined>
  remove(kind: LedgerKind, id: string): Promise<void>
  onChange(listener: (entry: Entry) => void): () => void
}

interface Reading<Value> {
  /** Undefined: the entry is not in force, because it cannot be read. */
  readonly row: Row<Value> | undefined
  readonly isUnreadable: boolean
}

export class Table<Value> {
  readonly #ledger: TableLedger
  readonly #options: TableOptions<Value>
  readonly #unreadable: Unreadable
  readonly #prefix: string
  /** Each write makes a new entry, so that it is parsed once. */
  readonly #readings = new WeakMap<Entry, Reading<Value>>()

  /** Reads all entries that are in force, and every later one when it comes: `unreadable` hears of both. */
  constructor(ledger: TableLedger, options: TableOptions<Value>, unreadable: Unreadable) {
    this.#ledger = ledger
    this.#options = options
    this.#unreadable = unreadable
    this.#prefix = options.ids !== undefined && 'prefix' in options.ids ? options.ids.prefix : ''
    for (const entry of this.#entries()) this.#read(entry)
    this.onChange(() => {})
  }

  /** Returns the entry of this id, if it is in force. */
  get(id: string): Row<Value> | undefined {
    const entry = this.#ledger.get(this.#options.kind, this.#prefix + id)
    return entry === undefined || !this.#isMeant(entry) ? undefined : this.#read(entry).row
  }

  /** Returns all entries in force, in the order in which their ids first appeared here. */
  all(): Row<Value>[] {
    return this.#entries().flatMap((entry) => this.#read(entry).row ?? [])
  }

  /** Returns the entries that cannot be read, whatever they mean, for operators. */
  unreadable(): UnreadableEntry[] {
    return this.#entries()
      .filter((entry) => this.#read(entry).isUnreadable)
      .map((entry) => this.#unreadableEntry(entry))
  }

  /**
   * Writes an entry, durably, on every replica within the next poll. Resolves with it, and only if it was written.
   * Rejects with `StoreFailure` otherwise: if the store could not be reached, it may be written.
   */
  async put(id: string, value: Value, options: PutOptions = {}): Promise<Row<Value>> {
    return this.#written(await this.#ledger.put(this.#options.kind, this.#prefix + id, value, options))
  }

  /** Writes an entry as `put`, if nobody wrote since `expected`; undefined: somebody did, and nothing was written. */
  async replace(id: string, value: Value, options: ReplaceOptions): Promise<Row<Value> | undefined> {
    const entry = await this.#ledger.replace(this.#options.kind, this.#prefix + id, value, options)
    return entry === undefined ? undefined : this.#written(entry)
  }

  /** Removes an entry, as `put` writes one. */
  remove(id: string): Promise<void> {
    return this.#ledger.remove(this.#options.kind, this.#prefix + id)
  }

  /**
   * Calls back with every entry that is new here, own writes too; `row` is undefined where the entry was removed or is
   * not in force.
   */
  onChange(listener: (id: string, row: Row<Value> | undefined) => void): () => void {
    return this.#ledger.onChange((entry) => {
      if (entry.kind !== this.#options.kind || !this.#isMeant(entry)) return
      listener(this.#idOf(entry), entry.value === undefined ? undefined : this.#read(entry).row)
    })
  }

  #entries(): Entry[] {
    return this.#ledger.all(this.#options.kind).filter((entry) => this.#isMeant(entry))
  }

  #isMeant({ id }: Entry): boolean {
    const { ids } = this.#options
    return ids !== undefined && 'form' in ids ? ids.form.test(id) : id.startsWith(this.#prefix)
  }

  #idOf({ id }: Entry): string {
    return id.slice(this.#prefix.length)
  }

  #written(entry: Entry): Row<Value> {
    const { row } = this.#read(entry)
    if (row === undefined) throw new Error(`an entry was written that its own schema does not take`)
    return row
  }

  #read(entry: Entry): Reading<Value> {
    const known = this.#readings.get(entry)
    if (known !== undefined) return known
    const reading = this.#parsed(entry)
    this.#readings.set(entry, reading)
    return reading
  }

  #parsed(entry: Entry): Reading<Value> {
    const { revision, expiresAtMs } = entry
    const { schema, whenUnreadable } = this.#options
    const parsed = schema.safeParse(entry.value)
    if (!parsed.success) this.#unreadable(entry, problemOf(parsed.error))
    const value = parsed.success ? parsed.data : whenUnreadable(this.#unreadableEntry(entry))
    const isUnreadable = !parsed.success
    const row =
      value === undefined ? undefined : { id: this.#idOf(entry), value, revision, expiresAtMs, isUnreadable }
    return { row, isUnreadable }
  }

  #unreadableEntry(entry: Entry): UnreadableEntry {
    const { value, version, expiresAtMs } = entry
    return { id: this.#idOf(entry), value, writtenAtMs: Math.min(version, LAST_MOMENT_MS), expiresAtMs }
  }
}

const MOST_ISSUES = 3

/** Names the members that cannot be read, and nothing of what stands in them. */
function problemOf({ issues }: z.ZodError): string {
  const named = issues
    .slice(0, MOST_ISSUES)
    .map(({ path, code }) => `${path.join('.') || 'the value'}: ${code}`)
  return named.join(', ')
}
