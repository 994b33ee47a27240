/** The freezes in force, of operators and of the calendar, and the restraint that they are. */
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Agent } from '../core/agent.ts'
import { ACTION_CLASSES } from '../core/action-class.ts'
import { Denial } from '../core/denial/denial.ts'
import type { Clock, Timer } from '../core/ports.ts'
import type { Hold } from '../exchange/holds.ts'
import type { Ledger } from '../state/ledger.ts'
import { scopeCovers, type FreezeScope } from './scope.ts'
import type { WindowClock, WindowState, FreezeWindow } from './windows.ts'

/** What the ledger keeps of one. */
const Kept = z.object({
  scope: z.object({
    classes: z.array(z.enum(ACTION_CLASSES)).optional(),
    agents: z.array(z.string()).optional(),
    accounts: z.array(z.string()).optional(),
    services: z.array(z.string()).optional(),
  }),
  reason: z.string(),
  by: z.string(),
  sinceMs: z.number(),
})

export interface Freeze extends z.output<typeof Kept> {
  readonly id: string
  /** Undefined: until it is lifted. */
  readonly untilMs: number | undefined
}

export interface FreezesDeps {
  readonly ledger: Pick<Ledger, 'all' | 'get' | 'put' | 'remove' | 'onChange'>
  readonly clock: Clock
  /** Of the configuration in force. */
  readonly rules: () => { readonly freezeWindows: WindowClock }
  /** The account that calls of an agent are made in, if it is known. */
  readonly accountOf: (agent: Agent) => string | undefined
}

const WINDOWS_LOOKED_AT_MS = 1_000

export class Freezes {
  readonly #deps: FreezesDeps
  /** The ledger's entries, read anew after each change. */
  #read: readonly Freeze[] | undefined

  constructor(deps: FreezesDeps) {
    this.#deps = deps
    deps.ledger.onChange(({ kind }) => {
      if (kind === 'freeze') this.#read = undefined
    })
  }

  /** Durable, and in force on every replica as soon as it follows. Rejects if the store cannot be reached. */
  async freeze(
    scope: FreezeScope,
    { reason, by, untilMs }: { readonly reason: string; readonly by: string; readonly untilMs?: number },
  ): Promise<Freeze> {
    // Never taken: an id is 64 random bits.
    const id = `f-${randomBytes(8).toString('hex')}`
    const kept = { scope, reason, by, sinceMs: this.#deps.clock.nowMs() }
    await this.#deps.ledger.put('freeze', id, kept, untilMs === undefined ? {} : { expiresAtMs: untilMs })
    return { id, ...Kept.parse(kept), untilMs }
  }

  /** The freeze that was lifted; undefined if none of that id was in force. */
  async lift(id: string): Promise<Freeze | undefined> {
    const freeze = this.active().find((each) => each.id === id)
    if (freeze !== undefined) await this.#deps.ledger.remove('freeze', id)
    return freeze
  }

  active(): readonly Freeze[] {
    const nowMs = this.#deps.clock.nowMs()
    this.#read ??= this.#deps.ledger.all('freeze').map(({ id, value, expiresAtMs }) => ({
      id,
      ...Kept.parse(value),
      untilMs: expiresAtMs,
    }))
    if (this.#read.length === 0) return this.#read
    return this.#read.filter(({ untilMs }) => untilMs === undefined || untilMs > nowMs)
  }

  windows(): { readonly window: FreezeWindow; readonly state: WindowState }[] {
    return this.#deps.rules().freezeWindows.all(this.#deps.clock.nowMs())
  }

  /** Calls back whenever a window opened or closed; within a second, since nothing is asked for meanwhile. */
  watchWindows(timer: Timer, changed: () => void): () => void {
    const names = (): string =>
      [...this.#deps.rules().freezeWindows.open(this.#deps.clock.nowMs())]
        .map(({ window }) => window.name)
        .join('\n')
    let known = names()
    let cancel = (): void => {}
    const look = (): void => {
      const now = names()
      if (now !== known) changed()
      known = now
      cancel = timer.after(WINDOWS_LOOKED_AT_MS, look)
    }
    look()
    return () => cancel()
  }

  /** How many are in force. */
  counts(): { readonly operator: number; readonly schedule: number } {
    const open = this.windows().filter(({ state }) => state.open)
    return { operator: this.active().length, schedule: open.length }
  }

  /** Denial `frozen`: who froze it, why and until when. */
  readonly hold: Hold = (exchange) => {
    // Who ends its own task can do less from then on: nothing that a freeze is for.
    if (exchange.agentRequest?.kind === 'end') return
    const { accountOf, clock, rules } = this.#deps
    const accountId = accountOf(exchange.agent)
    for (const { scope, reason, by, untilMs } of this.active()) {
      if (scopeCovers(scope, exchange, accountId)) throw frozen(`${by} froze it`, reason, untilMs)
    }
    for (const { window, untilMs } of rules().freezeWindows.open(clock.nowMs())) {
      if (scopeCovers(window, exchange, accountId))
        throw frozen(`The freeze window ${window.name} is open`, window.reason, untilMs)
    }
  }
}

function frozen(who: string, reason: string | undefined, untilMs: number | undefined): Denial {
  const why = reason === undefined ? '' : `: ${JSON.stringify(reason)}`
  const until = untilMs === undefined ? 'until it is lifted' : `until ${new Date(untilMs).toISOString()}`
  return new Denial('frozen', `${who}${why}, ${until}.`)
}
