/** Stops agents on every replica, for a watcher or an operator: the kind `quarantine` of the ledger, one entry an agent. */
import { z } from 'zod'
import { Denial } from '../core/denial/denial.ts'
import type { Clock } from '../core/ports.ts'
import type { Hold } from '../exchange/holds.ts'
import { momentMs, untilText } from '../core/moment.ts'
import type { Ledger } from '../state/ledger.ts'
import { StoreFailure } from '../state/store-failure.ts'
import type { Row, Table, UnreadableEntry } from '../state/table.ts'

const Kept = z.strictObject({
  /** Told to the agent, too. */
  reason: z.string().min(1),
  /** The watcher, or the person. */
  by: z.string().min(1),
  sinceMs: momentMs,
})
type Kept = z.output<typeof Kept>

export interface Quarantine extends Kept {
  readonly agent: string
  /** Undefined: until it is lifted. */
  readonly untilMs: number | undefined
  /** Its entry cannot be read. */
  readonly isUnreadable: boolean
}

export interface QuarantinesDeps {
  readonly ledger: Pick<Ledger, 'table'>
  readonly clock: Clock
}

const MAX_TRIES = 5

export class Quarantines {
  readonly #table: Table<Kept>
  readonly #clock: Clock

  constructor({ ledger, clock }: QuarantinesDeps) {
    this.#clock = clock
    this.#table = ledger.table('quarantine', Kept, unreadableKept)
  }

  /**
   * Stops an agent: its calls are refused here when this resolves, held ones too, and elsewhere within the next poll. A
   * quarantine that is in force and lasts as long stays as it is. Rejects if the store cannot be reached.
   */
  async add(
    agent: string,
    {
      reason,
      by,
      forMs,
    }: { readonly reason: string; readonly by: string; readonly forMs: number | undefined },
  ): Promise<Quarantine> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const sinceMs = this.#clock.nowMs()
      const untilMs = forMs === undefined ? undefined : sinceMs + forMs
      const before = this.#table.get(agent)
      if (before !== undefined && (before.expiresAtMs ?? Infinity) >= (untilMs ?? Infinity))
        return quarantineOf(before)
      const options = untilMs === undefined ? {} : { expiresAtMs: untilMs }
      const kept = { reason, by, sinceMs }
      // Of none that is in force an old entry may stand there still: the last writer wins then.
      const row = await (before === undefined
        ? this.#table.put(agent, kept, options)
        : this.#table.replace(agent, kept, { ...options, expected: before.revision }))
      if (row !== undefined) return quarantineOf(row)
    }
    throw new StoreFailure(`the quarantine of ${agent} changed under every one of ${MAX_TRIES} tries`)
  }

  /** Lets an agent go on. Resolves with the quarantine that was lifted; undefined if there was none. */
  async lift(agent: string): Promise<Quarantine | undefined> {
    const row = this.#table.get(agent)
    if (row === undefined) return undefined
    await this.#table.remove(agent)
    return quarantineOf(row)
  }

  /** Calls back with each agent whose quarantine was lifted, on whatever replica. */
  onLift(lifted: (agentId: string) => void): () => void {
    return this.#table.onChange((agentId, row) => {
      if (row === undefined) lifted(agentId)
    })
  }

  /** Returns all that are in force. */
  all(): readonly Quarantine[] {
    return this.#table.all().map(quarantineOf)
  }

  /** Throws the denial `quarantined`, which says who stopped the agent, why and until when. */
  readonly hold: Hold = ({ agent }) => {
    const row = this.#table.get(agent.id)
    if (row === undefined) return
    const { by, reason, untilMs } = quarantineOf(row)
    throw new Denial('quarantined', `${by} stopped this agent ${untilText(untilMs)}: ${reason}`, {
      by: { kind: 'quarantine', rules: [by] },
    })
  }
}

/** A quarantine that cannot be read stops its agent all the same. */
function unreadableKept({ writtenAtMs }: UnreadableEntry): Kept {
  return { reason: 'The entry in the state store cannot be read.', by: 'Somebody', sinceMs: writtenAtMs }
}

function quarantineOf({ id, value, expiresAtMs, isUnreadable }: Row<Kept>): Quarantine {
  return { agent: id, ...value, untilMs: expiresAtMs, isUnreadable }
}
