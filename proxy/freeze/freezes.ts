/** Holds calls while a freeze is in force: of operators (the kind `freeze` of the ledger), or of the calendar. */
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Agent } from '../core/agent.ts'
import { ACTION_CLASSES } from '../core/action-class.ts'
import { Denial } from '../core/denial/denial.ts'
import type { RefusedBy } from '../core/denial/refused-by.ts'
import type { Clock, Timer } from '../core/ports.ts'
import type { Hold } from '../exchange/holds.ts'
import { momentMs, untilText } from '../core/moment.ts'
import { quoteUntrusted } from '../core/quote-untrusted.ts'
import type { Ledger } from '../state/ledger.ts'
import type { Row, Table, UnreadableEntry } from '../state/table.ts'
import { scopeAlone, scopeCovers, type FreezeScope } from './scope.ts'
import type { WindowClock, WindowState, FreezeWindow } from './windows.ts'

/** Reads what a freeze covers. An empty list would cover nothing, which nobody can have meant. */
const Scope = z.strictObject({
  classes: z.array(z.enum(ACTION_CLASSES)).min(1).optional(),
  agents: z.array(z.string()).min(1).optional(),
  accounts: z.array(z.string()).min(1).optional(),
  services: z.array(z.string()).min(1).optional(),
})

/** Reads the value of a `freeze` entry. */
const Kept = z.strictObject({ scope: Scope, reason: z.string(), by: z.string(), sinceMs: momentMs })
type Kept = z.output<typeof Kept>

export interface Freeze extends Kept {
  readonly id: string
  /** Undefined: until it is lifted. */
  readonly untilMs: number | undefined
  /** Its entry cannot be read: the scope is what can be told, and wider rather than narrower. */
  readonly isUnreadable: boolean
}

export interface FreezesDeps {
  readonly ledger: Pick<Ledger, 'table'>
  readonly clock: Clock
  /** Returns the rules of the configuration in force. */
  readonly rules: () => { readonly freezeWindows: WindowClock }
  /** Returns the account that calls of an agent are made in, if it is known. */
  readonly accountOf: (agent: Agent) => string | undefined
}

/** As long as the admin API takes one. */
const MAX_REASON = 500
const WINDOWS_LOOKED_AT_MS = 1_000

export class Freezes {
  readonly #deps: FreezesDeps
  readonly #table: Table<Kept>
  /** The ledger's entries, read anew after each change. */
  #read: readonly Freeze[] | undefined

  constructor(deps: FreezesDeps) {
    this.#deps = deps
    this.#table = deps.ledger.table('freeze', Kept, unreadableKept)
    this.#table.onChange(() => {
      this.#read = undefined
    })
  }

  /** Freezes a scope, durably, and on every replica with its next poll. Rejects if the store cannot be reached. */
  async freeze(
    scope: FreezeScope,
    { reason, by, untilMs }: { readonly reason: string; readonly by: string; readonly untilMs?: number },
  ): Promise<Freeze> {
    // Never taken: an id is 64 random bits.
    const id = `f-${randomBytes(8).toString('hex')}`
    const kept = { scope: scopeAlone(scope), reason, by, sinceMs: this.#deps.clock.nowMs() }
    await this.#table.put(id, kept, untilMs === undefined ? {} : { expiresAtMs: untilMs })
    return { id, ...kept, untilMs, isUnreadable: false }
  }

  /** Lifts a freeze. Resolves with it; undefined if none of that id was in force. */
  async lift(id: string): Promise<Freeze | undefined> {
    const freeze = this.active().find((each) => each.id === id)
    if (freeze !== undefined) await this.#table.remove(id)
    return freeze
  }

  /** Returns the freezes of operators that are in force. */
  active(): readonly Freeze[] {
    const nowMs = this.#deps.clock.nowMs()
    this.#read ??= this.#table.all().map(freezeOf)
    if (this.#read.length === 0) return this.#read
    return this.#read.filter(({ untilMs }) => untilMs === undefined || untilMs > nowMs)
  }

  /** Returns all windows of the configuration, open or not. */
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

  /** Counts those in force. */
  counts(): { readonly operator: number; readonly schedule: number } {
    const open = this.windows().filter(({ state }) => state.open)
    return { operator: this.active().length, schedule: open.length }
  }

  /** Throws the denial `frozen`, which says who froze the call, why and until when. */
  readonly hold: Hold = (exchange) => {
    // Who ends its own task can do less from then on: nothing that a freeze is for.
    if (exchange.agentRequest?.kind === 'end') return
    const { accountOf, clock, rules } = this.#deps
    const accountId = accountOf(exchange.agent)
    for (const { id, scope, reason, by, untilMs } of this.active()) {
      if (scopeCovers(scope, exchange, accountId))
        throw frozen(`${by} froze it`, reason, untilMs, { kind: 'freeze', rules: [id] })
    }
    for (const { window, untilMs } of rules().freezeWindows.open(clock.nowMs())) {
      if (scopeCovers(window, exchange, accountId))
        throw frozen(`The freeze window ${window.name} is open`, window.reason, untilMs, {
          kind: 'window',
          rules: [window.name],
        })
    }
  }
}

/** A freeze that cannot be read freezes what can be told of its scope, else everything. */
function unreadableKept({ value, writtenAtMs }: UnreadableEntry): Kept {
  const scope = Legible.safeParse(value)
  return {
    scope: scope.success ? scopeAlone(scope.data.scope) : {},
    reason: 'The entry in the state store cannot be read.',
    by: 'Somebody',
    sinceMs: writtenAtMs,
  }
}

/** Takes each selector that can be read. One that cannot is left out, so that more is frozen. */
const Legible = z.object({
  scope: z.object({
    classes: Scope.shape.classes.catch(undefined),
    agents: Scope.shape.agents.catch(undefined),
    accounts: Scope.shape.accounts.catch(undefined),
    services: Scope.shape.services.catch(undefined),
  }),
})

function freezeOf({ id, value, expiresAtMs, isUnreadable }: Row<Kept>): Freeze {
  return { id, ...value, untilMs: expiresAtMs, isUnreadable }
}

function frozen(who: string, reason: string | undefined, untilMs: number | undefined, by: RefusedBy): Denial {
  const why = reason === undefined ? '' : `: ${quoteUntrusted(reason, { prose: true, max: MAX_REASON })}`
  return new Denial('frozen', `${who}${why}, ${untilText(untilMs)}.`, { by })
}
