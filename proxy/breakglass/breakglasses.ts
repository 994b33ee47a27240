/** Every break-glass that the ledger knows: opened and confirmed by people, over at its time or at once by command. */
import { randomBytes } from 'node:crypto'
import type { Clock, Timer } from '../core/ports.ts'
import type { Ledger } from '../state/ledger.ts'
import {
  breakglassOf,
  stateOf,
  type Breakglass,
  type BreakglassSettings,
  type Kept,
  type BreakglassRequest,
} from './breakglass.ts'

export interface BreakglassesDeps {
  readonly ledger: Pick<Ledger, 'all' | 'get' | 'put' | 'onChange' | 'sound'>
  readonly clock: Clock
  /** Of the configuration in force. */
  readonly settings: () => BreakglassSettings
  /** Told here, of what was opened, confirmed or closed here. */
  readonly written: (breakglass: Breakglass) => void
}

export class Breakglasses {
  readonly #deps: BreakglassesDeps
  /** Those that are open by agent, the oldest first; read anew after each change. */
  #byAgent: ReadonlyMap<string, readonly Breakglass[]> | undefined

  constructor(deps: BreakglassesDeps) {
    this.#deps = deps
    deps.ledger.onChange(({ kind }) => {
      if (kind === 'breakglass') this.#byAgent = undefined
    })
  }

  /**
   * Opens one, or has it wait for a second person. Durable, and in force on every replica as soon as it follows.
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

  /** Opens one that waits, from now on. `own`: a person cannot confirm what they opened. `none`: none waits. */
  async confirm(id: string, by: string): Promise<Breakglass | 'own' | 'none'> {
    const { clock, ledger } = this.#deps
    const nowMs = clock.nowMs()
    const known = this.#get(id)
    if (known === undefined || stateOf(known, nowMs) !== 'pending') return 'none'
    if (known.openedBy === by) return 'own'
    const { id: _, untilMs: __, ...kept } = known
    const expected = ledger.get('breakglass', id)?.revision ?? 0
    const confirmed = { ...kept, confirmedBy: by, fromMs: nowMs }
    // Somebody else may have closed it meanwhile.
    return (await this.#write(id, confirmed, nowMs + known.forMs, expected)) ?? 'none'
  }

  /** Ends one now, open or waiting, whatever others do at the same time. */
  async close(id: string, by: string): Promise<Breakglass | 'none'> {
    const nowMs = this.#deps.clock.nowMs()
    const known = this.#get(id)
    if (known === undefined || !isPendingOrOpen(known, nowMs)) return 'none'
    const { id: _, untilMs, ...kept } = known
    return (await this.#write(id, { ...kept, closedBy: by, closedAtMs: nowMs }, untilMs)) ?? 'none'
  }

  /** What is open for the agent now: the one opened first. None while the ledger cannot be trusted (rule S19). */
  openFor(agentId: string): Breakglass | undefined {
    this.#byAgent ??= Map.groupBy(this.#opened(), ({ agent }) => agent)
    const ofAgent = this.#byAgent.get(agentId)
    if (ofAgent === undefined || !this.#deps.ledger.sound) return undefined
    const nowMs = this.#deps.clock.nowMs()
    return ofAgent.find(({ untilMs }) => untilMs > nowMs)
  }

  /** All whose time is not over, closed ones too. */
  all(): Breakglass[] {
    return this.#deps.ledger.all('breakglass').flatMap((entry) => breakglassOf(entry) ?? [])
  }

  /** How many are open. */
  get active(): number {
    return this.#opened().length
  }

  /** Calls back when one ends by itself: nothing is written then, and what is under way is to be judged again. */
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
    const unlisten = this.#deps.ledger.onChange(({ kind }) => {
      if (kind === 'breakglass') schedule()
    })
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

  #get(id: string): Breakglass | undefined {
    const entry = this.#deps.ledger.get('breakglass', id)
    return entry === undefined ? undefined : breakglassOf(entry)
  }

  async #write(
    id: string,
    kept: Kept,
    expiresAtMs: number,
    expected?: number,
  ): Promise<Breakglass | undefined> {
    const options = expected === undefined ? { expiresAtMs } : { expiresAtMs, expected }
    const entry = await this.#deps.ledger.put('breakglass', id, kept, options)
    const breakglass = entry === undefined ? undefined : breakglassOf(entry)
    if (breakglass !== undefined) this.#deps.written(breakglass)
    return breakglass
  }
}

function isPendingOrOpen(each: Breakglass, nowMs: number): boolean {
  const state = stateOf(each, nowMs)
  return state === 'pending' || state === 'open'
}
