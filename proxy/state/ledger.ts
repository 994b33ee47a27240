/**
 * Keeps the ledger: approvals, freezes, revocations and whatever else operators and watchers decide, the same on every
 * replica. Writes are durable before they count; reads are from this process's memory, which follows the store.
 *
 * The store is not trusted (rule S19): each entry carries a MAC with a key that the store does not hold, and a version
 * that only grows. While an entry is forged, or the store has not been heard of for long, `sound` is false, and who
 * asks must fail closed.
 */
import { jsonOrUndefined } from '../core/json.ts'
import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { LAST_MOMENT_MS } from '../core/moment.ts'
import type { Clock, Timer } from '../core/ports.ts'
import { quoteUntrusted } from '../core/quote-untrusted.ts'
import { Forgetting } from './forgetting.ts'
import { LEDGER_KINDS, type Entry, type LedgerKind, type LedgerStore, type StoredEntry } from './store.ts'
import { orStoreFailure } from './store-failure.ts'
import { Table, type IdForm, type PutOptions, type WhenUnreadable } from './table.ts'

export interface LedgerOptions {
  readonly store: LedgerStore
  /** 32 bytes, the same on every replica. */
  readonly key: Buffer
  readonly clock: Clock
  readonly timer: Timer
  /** How often the store is asked what is new. */
  readonly pollMs: number
  /** How old the store's last answer may be. */
  readonly staleMs: number
  /** The store does not answer, or an entry is forged; called once for each turn for the worse. */
  readonly onUnsound: (problem: Error) => void
  /** Hears once of each write of an entry that this version cannot read, and so handles by the rule of its kind. */
  readonly onUnreadable: (entry: Pick<Entry, 'kind' | 'id' | 'revision'>, problem: string) => void
}

const Sealed = z.strictObject({
  version: z.number(),
  /** Absent: the entry was removed. */
  value: z.unknown().optional(),
  expiresAtMs: z.number().optional(),
})
type Sealed = z.output<typeof Sealed>

export class Ledger {
  readonly #options: LedgerOptions
  readonly #entries = new Map<LedgerKind, Map<string, Entry>>()
  /** `kind id` of what was forged, with the revision of the forgery. */
  readonly #forged = new Map<string, number>()
  readonly #listeners = new Set<(entry: Entry) => void>()
  readonly #forgetting = new Forgetting()
  /** Entries that were said to be unreadable. */
  readonly #saidUnreadable = new WeakSet<Entry>()
  #revision = 0
  #heardAtMs = -Infinity
  #closed = false
  /** Whether it was said that the store does not answer; anew once it did. */
  #isTold = false
  #cancelTimer = (): void => {}

  private constructor(options: LedgerOptions) {
    this.#options = options
  }

  /** Reads all that the store has, and follows it from then on. Rejects if the store does not answer. */
  static async open(options: LedgerOptions): Promise<Ledger> {
    const ledger = new Ledger(options)
    await ledger.refresh()
    ledger.#sleep()
    return ledger
  }

  /** Tells whether what is read here can be trusted: nothing is forged, and the store answered lately. */
  get sound(): boolean {
    return this.#forged.size === 0 && this.#options.clock.nowMs() - this.#heardAtMs <= this.#options.staleMs
  }

  /**
   * Returns a typed view of the entries of a kind. `whenUnreadable` says what an entry of it means that `schema` does
   * not take; `ids` says which entries are meant, where a kind holds several things.
   */
  table<Value>(
    kind: LedgerKind,
    schema: z.ZodType<Value>,
    whenUnreadable: WhenUnreadable<Value>,
    ids?: IdForm,
  ): Table<Value> {
    return new Table(this, { kind, schema, whenUnreadable, ids }, (entry, problem) => {
      if (this.#saidUnreadable.has(entry)) return
      this.#saidUnreadable.add(entry)
      this.#options.onUnreadable(entry, problem)
    })
  }

  /** Returns the entry in force; undefined if there is none, or it was removed, or its time is over. */
  get(kind: LedgerKind, id: string): Entry | undefined {
    const entry = this.#entries.get(kind)?.get(id)
    return entry !== undefined && this.#holds(entry) ? entry : undefined
  }

  /** Returns all entries of a kind that are in force, in the order in which their ids first appeared here. */
  all(kind: LedgerKind): Entry[] {
    return [...(this.#entries.get(kind)?.values() ?? [])].filter((entry) => this.#holds(entry))
  }

  /** Calls back with every entry that is new here, own writes too; `value` is undefined where it was removed. */
  onChange(listener: (entry: Entry) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Writes an entry, durably, on every replica within `pollMs`. With `expected` only if its revision is still that (0:
   * there is none). Resolves with the entry; undefined: another was first. Rejects with `StoreFailure` if the store
   * cannot be reached: the entry may be written then, or not.
   */
  async put(
    kind: LedgerKind,
    id: string,
    value: unknown,
    { expiresAtMs, expected }: PutOptions = {},
  ): Promise<Entry | undefined> {
    // Not `get`: one whose time is over still has a revision and a version.
    const known = this.#entries.get(kind)?.get(id)
    const sealed: Sealed = {
      // Above that of one that this process never saw, because the store had forgotten it: hence the clock.
      version: Math.max((known?.version ?? 0) + 1, Math.floor(this.#options.clock.nowMs())),
      ...(value === undefined ? {} : { value }),
      ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
    }
    const text = JSON.stringify(sealed)
    const mac = this.#mac(kind, id, text)
    const seen = expected ?? this.#newest(kind, id)
    const written = this.#options.store.write({ kind, id, text, mac, expiresAtMs }, seen)
    const revision = await orStoreFailure(written)
    if (revision === undefined) {
      await this.refresh()
      // Without `expected` the last writer wins: its version must be above the one that it replaces.
      return expected === undefined && this.#newest(kind, id) > seen
        ? this.put(kind, id, value, { expiresAtMs })
        : undefined
    }
    this.#take({ kind, id, text, mac, expiresAtMs, revision })
    return this.#entries.get(kind)?.get(id)
  }

  /** Removes an entry, as `put` writes one. */
  async remove(kind: LedgerKind, id: string): Promise<void> {
    await this.put(kind, id, undefined)
  }

  /** Asks the store what is new, now. Rejects if it does not answer. */
  async refresh(): Promise<void> {
    const askedAtMs = this.#options.clock.nowMs()
    for (const entry of await orStoreFailure(this.#options.store.since(this.#revision))) {
      this.#take(entry)
      this.#revision = Math.max(this.#revision, entry.revision)
    }
    this.#heardAtMs = askedAtMs
    this.#forgetting.from(this.#entries.values(), askedAtMs)
  }

  close(): void {
    this.#closed = true
    this.#cancelTimer()
  }

  /**
   * Returns the revision of the newest write of an entry that was seen here, forged ones too: they can be written over.
   */
  #newest(kind: LedgerKind, id: string): number {
    const revision = this.#entries.get(kind)?.get(id)?.revision ?? 0
    return Math.max(revision, this.#forged.get(`${kind} ${id}`) ?? 0)
  }

  #sleep(): void {
    if (this.#closed) return
    this.#cancelTimer = this.#options.timer.after(this.#options.pollMs, () => void this.#poll())
  }

  async #poll(): Promise<void> {
    try {
      await this.refresh()
      this.#isTold = false
    } catch (error) {
      if (!this.sound && !this.#isTold) {
        this.#isTold = true
        this.#options.onUnsound(error instanceof Error ? error : new Error(String(error)))
      }
    }
    this.#sleep()
  }

  #holds({ value, expiresAtMs }: Entry): boolean {
    return value !== undefined && (expiresAtMs === undefined || expiresAtMs > this.#options.clock.nowMs())
  }

  #take({ kind, id, text, mac, revision }: StoredEntry): void {
    const name = `${kind} ${id}`
    // A kind of a later version. What it means nobody can know here, so it is said, and nothing else.
    if (!LEDGER_KINDS.includes(kind)) {
      this.#options.onUnreadable({ kind, id, revision }, 'this version has no such kind')
      return
    }
    let ofKind = this.#entries.get(kind)
    if (ofKind === undefined) this.#entries.set(kind, (ofKind = new Map()))
    const known = ofKind.get(id)
    if (known !== undefined && known.revision >= revision) return
    const sealed = this.#unseal(kind, id, text, mac)
    if (sealed === undefined || sealed.version <= (known?.version ?? 0)) {
      const isNew = !this.#forged.has(name)
      this.#forged.set(name, revision)
      if (isNew)
        this.#options.onUnsound(new Error(`the state store holds a forged entry: ${quoteUntrusted(name)}`))
      return
    }
    this.#forged.delete(name)
    const { value, version, expiresAtMs = Infinity } = sealed
    const endsAtMs = expiresAtMs > LAST_MOMENT_MS ? undefined : expiresAtMs
    const entry = { kind, id, value, revision, version, expiresAtMs: endsAtMs }
    ofKind.set(id, entry)
    for (const listener of this.#listeners) listener(entry)
  }

  /** Undefined: it was not sealed with this key, or not in this form, in which every version seals. */
  #unseal(kind: LedgerKind, id: string, text: string, mac: string): Sealed | undefined {
    const expected = Buffer.from(this.#mac(kind, id, text))
    const given = Buffer.from(mac)
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined
    return Sealed.safeParse(jsonOrUndefined(text)).data
  }

  #mac(kind: LedgerKind, id: string, text: string): string {
    return createHmac('sha256', this.#options.key)
      .update(JSON.stringify([kind, id, text]))
      .digest('base64url')
  }
}
