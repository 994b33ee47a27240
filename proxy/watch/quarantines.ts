/** Agents of whom nothing goes on: by a watcher or by an operator, from the ledger, so that every replica knows. */
import { z } from 'zod'
import { Denial } from '../core/denial/denial.ts'
import type { Clock } from '../core/ports.ts'
import type { Hold } from '../exchange/holds.ts'
import type { Entry, Ledger } from '../state/ledger.ts'

const Kept = z.strictObject({
  /** Told to the agent, too. */
  reason: z.string().min(1),
  /** The watcher, or the person. */
  by: z.string().min(1),
  sinceMs: z.int(),
})

export interface Quarantine extends z.output<typeof Kept> {
  readonly agent: string
  /** Undefined: until it is lifted. */
  readonly untilMs: number | undefined
}

export interface QuarantinesDeps {
  readonly ledger: Pick<Ledger, 'all' | 'get' | 'put' | 'remove'>
  readonly clock: Clock
}

const MAX_TRIES = 5

export class Quarantines {
  readonly #deps: QuarantinesDeps

  constructor(deps: QuarantinesDeps) {
    this.#deps = deps
  }

  /**
   * Durable when it resolves; refused here from then on, held calls included, elsewhere within the next poll. One that
   * is in force and lasts as long stays as it is. Rejects if the store cannot be reached.
   */
  async add(
    agent: string,
    {
      reason,
      by,
      forMs,
    }: { readonly reason: string; readonly by: string; readonly forMs: number | undefined },
  ): Promise<Quarantine> {
    const { ledger, clock } = this.#deps
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const sinceMs = clock.nowMs()
      const untilMs = forMs === undefined ? undefined : sinceMs + forMs
      const before = ledger.get('quarantine', agent)
      if (before !== undefined && (before.expiresAtMs ?? Infinity) >= (untilMs ?? Infinity))
        return quarantineOf(before)
      const options = {
        ...(untilMs === undefined ? {} : { expiresAtMs: untilMs }),
        // Of none that is in force an old entry may stand there still: the last writer wins then.
        ...(before === undefined ? {} : { expected: before.revision }),
      }
      const entry = await ledger.put('quarantine', agent, { reason, by, sinceMs }, options)
      if (entry !== undefined) return quarantineOf(entry)
    }
    throw new Error(`the quarantine of ${agent} changed under every one of ${MAX_TRIES} tries`)
  }

  /** The quarantine that was lifted; undefined if there was none. */
  async lift(agent: string): Promise<Quarantine | undefined> {
    const entry = this.#deps.ledger.get('quarantine', agent)
    if (entry === undefined) return undefined
    await this.#deps.ledger.remove('quarantine', agent)
    return quarantineOf(entry)
  }

  all(): readonly Quarantine[] {
    return this.#deps.ledger.all('quarantine').map(quarantineOf)
  }

  /** Denial `quarantined`: who did it, why, until when, and who can lift it. */
  readonly hold: Hold = ({ agent }) => {
    const entry = this.#deps.ledger.get('quarantine', agent.id)
    if (entry === undefined) return
    const { by, reason, untilMs } = quarantineOf(entry)
    const until = untilMs === undefined ? 'until it is lifted' : `until ${new Date(untilMs).toISOString()}`
    throw new Denial('quarantined', `${by} stopped this agent ${until}: ${reason}`)
  }
}

/** What another version wrote and this one cannot read stops the agent all the same. */
function quarantineOf({ id, value, expiresAtMs }: Entry): Quarantine {
  const read = Kept.safeParse(value)
  const kept = read.success
    ? read.data
    : { reason: 'The entry in the state store cannot be read.', by: 'Somebody', sinceMs: 0 }
  return { agent: id, ...kept, untilMs: expiresAtMs }
}
