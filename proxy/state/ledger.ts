/**
 * Keeps the ledger: approvals, freezes, revocations and whatever else operators and watchers decide, the same on every
 * replica. Writes are durable before they count; reads are from this process's memory, which follows the store.
 *
 * The store is not trusted (rule S19): `seal.ts` says what makes an entry genuine, and the whole of them the newest.
 * While something is forged, lost or put back, or the store has not been heard of for long, `sound` is false, and who
 * asks must fail closed.
 */
import type { z } from 'zod'
import type { Clock, Timer } from '../core/ports.ts'
import { LedgerReplica } from './ledger-replica.ts'
import type { Accepted, ReplicaOptions } from './replica-options.ts'
import type { Entry, LedgerKind } from './store.ts'
import { StoreFailure, UnfitStore } from './store-failure.ts'
import { Table, type IdForm, type PutOptions, type ReplaceOptions, type WhenUnreadable } from './table.ts'
import { Turns } from './turns.ts'

export interface LedgerOptions extends ReplicaOptions {
  readonly clock: Clock
  readonly timer: Timer
  /** How often the store is asked what is new. */
  readonly pollMs: number
  /** How old the store's last answer may be. */
  readonly staleMs: number
  /** The store does not answer, or what it holds cannot be trusted; called once for each turn for the worse. */
  readonly onUnsound: (problem: Error) => void
}

const MAX_TRIES = 50

export class Ledger {
  readonly #options: LedgerOptions
  readonly #replica: LedgerReplica
  readonly #turns = new Turns()
  /** Entries that were said to be unreadable. */
  readonly #saidUnreadable = new WeakSet<Entry>()
  /** A refresh that has not begun yet: whoever asks meanwhile shares it. */
  #nextRefresh: Promise<void> | undefined
  #heardAtMs = -Infinity
  #closed = false
  /** Why it cannot be read, although the store is there. */
  #unfit: string | undefined
  /** The problem that was said last; undefined: none is. */
  #said: string | undefined
  #cancelTimer = (): void => {}

  private constructor(options: LedgerOptions) {
    this.#options = options
    this.#replica = new LedgerReplica(options)
  }

  /** Reads all that the store has, and follows it from then on. Rejects if the store does not answer. */
  static async open(options: LedgerOptions): Promise<Ledger> {
    const ledger = new Ledger(options)
    await ledger.refresh()
    ledger.#sleep()
    return ledger
  }

  /** Tells whether what is read here can be trusted: the store holds what it should, and answered lately. */
  get sound(): boolean {
    return (
      this.problem === undefined && this.#options.clock.nowMs() - this.#heardAtMs <= this.#options.staleMs
    )
  }

  /** Says why what the store holds cannot be trusted, and what to do; undefined: it can, as far as it was heard. */
  get problem(): string | undefined {
    return this.#replica.problem ?? this.#unfit
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
    const entry = this.#replica.copy.get(kind, id)
    return entry !== undefined && this.#holds(entry) ? entry : undefined
  }

  /** Returns all entries of a kind that are in force, in the order in which their ids first appeared here. */
  all(kind: LedgerKind): Entry[] {
    return this.#replica.copy.all(kind).filter((entry) => this.#holds(entry))
  }

  /** Calls back with every entry that is new here, own writes too; `value` is undefined where it was removed. */
  onChange(listener: (entry: Entry) => void): () => void {
    return this.#replica.copy.onChange(listener)
  }

  /**
   * Writes an entry, durably, on every replica within `pollMs`; the last writer wins. Resolves with the entry, and only
   * if it was written. Rejects with `StoreFailure` otherwise: if the store could not be reached, it may be written.
   */
  async put(kind: LedgerKind, id: string, value: unknown, options: PutOptions = {}): Promise<Entry> {
    const written = await this.#write(() => true, kind, id, value, options)
    if (written === undefined) throw new Error('an entry was refused that nobody was to refuse')
    return written
  }

  /**
   * Writes an entry as `put`, only if its revision is still `expected` (0: there is none). Undefined: nothing was
   * written, another was first.
   */
  replace(
    kind: LedgerKind,
    id: string,
    value: unknown,
    { expected, ...options }: ReplaceOptions,
  ): Promise<Entry | undefined> {
    const isExpected = (): boolean => this.#replica.isAt(kind, id, expected)
    return this.#write(isExpected, kind, id, value, options)
  }

  /** Removes an entry, as `put` writes one. */
  async remove(kind: LedgerKind, id: string): Promise<void> {
    await this.put(kind, id, undefined)
  }

  /** Asks the store what is new, now. Rejects if it does not answer. */
  refresh(): Promise<void> {
    this.#nextRefresh ??= this.#turns.run(() => {
      this.#nextRefresh = undefined
      return this.#hear()
    })
    this.#nextRefresh.catch(() => (this.#nextRefresh = undefined))
    return this.#nextRefresh
  }

  /**
   * Takes what the store holds for the ledger, for an operator who says so: after a loss, a forgery, or a store that
   * was put back. What was forged goes. Approvals and break-glasses are taken back, since nobody can tell whether they
   * were used or closed. Rejects with `StoreFailure` if the store does not answer.
   */
  accept(): Promise<Accepted> {
    return this.#turns.run(async () => {
      const { entries, grants, forged } = await this.#replica.accept(MAX_TRIES)
      this.#heard(this.#options.clock.nowMs())
      return { entries: entries.length, takenBack: grants.length, forged: forged.length }
    })
  }

  close(): void {
    this.#closed = true
    this.#cancelTimer()
  }

  async #write(
    mayWrite: () => boolean,
    kind: LedgerKind,
    id: string,
    value: unknown,
    { expiresAtMs }: PutOptions,
  ): Promise<Entry | undefined> {
    return this.#turns.run(async () => {
      for (let tries = 0; tries < MAX_TRIES; tries += 1) {
        if (!mayWrite()) return undefined
        const written = await this.#replica.write({ kind, id }, { value, expiresAtMs })
        if (written !== 'behind') return written
        await this.#hear()
      }
      throw new StoreFailure(`others wrote to the state store first, ${MAX_TRIES} times in a row`)
    })
  }

  async #hear(): Promise<void> {
    const askedAtMs = this.#options.clock.nowMs()
    try {
      await this.#replica.follow(MAX_TRIES)
    } catch (error) {
      this.#unfit =
        error instanceof StoreFailure && error.cause instanceof UnfitStore ? error.message : undefined
      throw error
    }
    this.#heard(askedAtMs)
  }

  #heard(atMs: number): void {
    this.#heardAtMs = atMs
    this.#unfit = undefined
    const { problem } = this
    if (problem !== undefined && problem !== this.#said) this.#options.onUnsound(new Error(problem))
    this.#said = problem
  }

  #sleep(): void {
    if (this.#closed) return
    this.#cancelTimer = this.#options.timer.after(this.#options.pollMs, () => void this.#poll())
  }

  async #poll(): Promise<void> {
    try {
      await this.refresh()
    } catch (error) {
      if (!this.sound && this.#said === undefined) {
        const problem = error instanceof Error ? error : new Error(String(error))
        this.#said = problem.message
        this.#options.onUnsound(problem)
      }
    }
    this.#sleep()
  }

  #holds({ value, expiresAtMs }: Entry): boolean {
    return value !== undefined && (expiresAtMs === undefined || expiresAtMs > this.#options.clock.nowMs())
  }
}
