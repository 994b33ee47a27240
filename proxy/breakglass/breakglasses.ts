/** Keeps every break-glass: the kind `breakglass` of the ledger. People open, confirm and close them; time ends them. */
import { randomBytes } from 'node:crypto'
import type { Clock, Timer } from '../core/ports.ts'
import type { Ledger } from '../state/ledger.ts'
import type { Table, UnreadableEntry } from '../state/table.ts'
import {
  breakglassOf,
  stateOf,
  type Breakglass,
  type BreakglassSettings,
  Kept,
  type BreakglassRequest,
} from './breakglass.ts'

export interface BreakglassesDeps {
  readonly ledger: Pick<Ledger, 'table' | 'sound'>
  readonly clock: Clock
  /** Returns the settings of the configuration in force. */
  readonly settings: () => BreakglassSettings
  /** Hears of what was opened, confirmed or closed on this replica. */
  readonly written: (breakglass: Breakglass) => void
}

export class Breakglasses {
  readonly #deps: BreakglassesDeps
  readonly #table: Table<Kept>
  /** Those that are open by agent, the oldest first; read anew after each change. */
  #byAgent: ReadonlyMap<string, readonly Breakglass[]> | undefined

  constructor(deps: BreakglassesDeps) {
    this.#deps = deps
    // One that cannot be read is closed: it lets calls go, and nobody knows whose and for what.
    this.#table = deps.ledger.table('breakglass', Kept, () => undefined)
    this.#table.onChange(() => {
      this.#byAgent = undefined
    })
  }

  /**
   * Opens one, or has it wait for a second person. It is durable then, and in force on every replica with its next poll.
   * `already`: the agent has one. Rejects if the store cannot be reached.
   */
  async open(opening: BreakglassRequest, by: string): Promise<Breakglass | 'already'> {
    const { clock, settings } = this.#deps
    const nowMs = clock.nowMs()
    if (this.all().some((each) => each.agent === opening.agent && isPendingOrOpen(each, nowMs)))
      return 'already'
    const { people, confirmWithin } = settings()
    const kept = {
      ...opening,
      classes: [...opening.classes],
      resources: [...opening.resources],
      openedBy: by,
      openedAtMs: nowMs,
    }
    // Never taken: an id is 128 random bits (rule S18).
    const id = `bg-${randomBytes(16).toString('hex')}`
    const opened = await (people === 1
      ? this.#write(id, { ...kept, fromMs: nowMs }, nowMs + opening.forMs)
      : this.#write(id, kept, nowMs + confirmWithin))
    if (opened === undefined) throw new Error(`the id of ${id} was taken`)
    return opened
  }

  /**
   * Opens one that waits, from now on. `own`: a person cannot confirm what they opened. `none`: none waits.
   * `unreadable`: only a replica of the version that wrote it can say.
   */
  async confirm(id: string, by: string): Promise<Breakglass | 'own' | 'none' | 'unreadable'> {
    const nowMs = this.#deps.clock.nowMs()
    const known = this.#confirmable(id, by, nowMs)
    if (typeof known === 'string') return known
    const { id: _, untilMs: __, ...kept } = known
    const expected = this.#table.get(id)?.revision ?? 0
    const confirmed = { ...kept, confirmedBy: by, fromMs: nowMs }
    // Somebody else may have closed it meanwhile.
    return (await this.#write(id, confirmed, nowMs + known.forMs, expected)) ?? 'none'
  }

  /** Says why a person cannot confirm one, as `confirm` does; undefined if they can. */
  objectionTo(id: string, by: string): 'own' | 'none' | 'unreadable' | undefined {
    const known = this.#confirmable(id, by, this.#deps.clock.nowMs())
    return typeof known === 'string' ? known : undefined
  }

  #confirmable(id: string, by: string, nowMs: number): Breakglass | 'own' | 'none' | 'unreadable' {
    const known = this.#get(id)
    if (known === undefined || stateOf(known, nowMs) !== 'pending') return this.#absent(id)
    return known.openedBy === by ? 'own' : known
  }

  /** Ends one now, open or waiting, whatever others do at the same time. `none`, `unreadable`: as `confirm`. */
  async close(id: string, by: string): Promise<Breakglass | 'none' | 'unreadable'> {
    const nowMs = this.#deps.clock.nowMs()
    const known = this.#get(id)
    if (known === undefined || !isPendingOrOpen(known, nowMs)) return this.#absent(id)
    const { id: _, untilMs, ...kept } = known
    return (await this.#write(id, { ...kept, closedBy: by, closedAtMs: nowMs }, untilMs)) ?? 'none'
  }

  /** Returns what is open for the agent now: the one opened first. None while the ledger cannot be trusted (rule S19). */
  openFor(agentId: string): Breakglass | undefined {
    this.#byAgent ??= Map.groupBy(this.#opened(), ({ agent }) => agent)
    const ofAgent = this.#byAgent.get(agentId)
    if (ofAgent === undefined || !this.#deps.ledger.sound) return undefined
    const nowMs = this.#deps.clock.nowMs()
    return ofAgent.find(({ untilMs }) => untilMs > nowMs)
  }

  /** Returns all whose time is not over, closed ones too. */
  all(): Breakglass[] {
    return this.#table.all().flatMap((row) => breakglassOf(row) ?? [])
  }

  /** Returns those that another version wrote and this one cannot read: here they are closed. */
  unreadable(): UnreadableEntry[] {
    return this.#table.unreadable()
  }

  /** Calls back with each one that is opened, confirmed or closed, on whatever replica. */
  onChange(listener: (breakglass: Breakglass) => void): () => void {
    return this.#table.onChange((_, row) => {
      const breakglass = row && breakglassOf(row)
      if (breakglass !== undefined) listener(breakglass)
    })
  }

  /** Counts those that are open. */
  get active(): number {
    return this.#opened().length
  }

  /** Calls back when one ends by itself: nothing is written then, and calls under way are to be judged again. */
  watchEnds(timer: Timer, ended: () => void): () => void {
    let cancel = (): void => {}
    const schedule = (): void => {
      cancel()
      const nextMs = Math.min(...this.#opened().map(({ untilMs }) => untilMs))
      if (nextMs === Infinity) return
      cancel = timer.after(Math.max(1, nextMs - this.#deps.clock.nowMs()), () => {
        ended()
        schedule()
      })
    }
    const unlisten = this.#table.onChange(schedule)
    schedule()
    return () => {
      unlisten()
      cancel()
    }
  }

  #opened(): Breakglass[] {
    const nowMs = this.#deps.clock.nowMs()
    const open = this.all().filter((each) => stateOf(each, nowMs) === 'open')
    return open.toSorted((a, b) => (a.fromMs ?? 0) - (b.fromMs ?? 0) || (a.id < b.id ? -1 : 1))
  }

  #absent(id: string): 'none' | 'unreadable' {
    return this.unreadable().some((each) => each.id === id) ? 'unreadable' : 'none'
  }

  #get(id: string): Breakglass | undefined {
    const row = this.#table.get(id)
    return row === undefined ? undefined : breakglassOf(row)
  }

  async #write(
    id: string,
    kept: Kept,
    expiresAtMs: number,
    expected?: number,
  ): Promise<Breakglass | undefined> {
    const row = await (expected === undefined
      ? this.#table.put(id, kept, { expiresAtMs })
      : this.#table.replace(id, kept, { expiresAtMs, expected }))
    const breakglass = row === undefined ? undefined : breakglassOf(row)
    if (breakglass !== undefined) this.#deps.written(breakglass)
    return breakglass
  }
}

function isPendingOrOpen(each: Breakglass, nowMs: number): boolean {
  const state = stateOf(each, nowMs)
  return state === 'pending' || state === 'open'
}
