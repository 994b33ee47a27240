/** Reports what was done under a break-glass, from lines of the audit log one by one, in bounded memory. */
import { jsonOrUndefined } from '../core/json.ts'
import { z } from 'zod'

const Line = z.object({
  phase: z.string(),
  time: z.string(),
  breakglass: z.string(),
  requestId: z.string().optional(),
  agent: z.string().optional(),
  service: z.string().optional(),
  operation: z.string().nullable().optional(),
  resources: z.array(z.string()).optional(),
  count: z.number().optional(),
  class: z.string().optional(),
  decision: z.string().optional(),
  reason: z.string().optional(),
  refused: z.object({ classes: z.record(z.string(), z.number()) }).optional(),
  policy: z.object({ rules: z.array(z.string()) }).optional(),
  upstream: z.object({ status: z.number().optional(), errorCode: z.string().optional() }).optional(),
  opened: z
    .object({
      reason: z.string(),
      ticket: z.string(),
      classes: z.array(z.string()),
      resources: z.array(z.string()),
      pace: z.boolean(),
      openedBy: z.string(),
      openedAt: z.string(),
      confirmedBy: z.string().optional(),
      from: z.string().optional(),
      until: z.string(),
      closedBy: z.string().optional(),
      closedAt: z.string().optional(),
    })
    .optional(),
})
type Line = z.output<typeof Line>

export interface ReportedCall {
  readonly time: string
  readonly requestId: string
  readonly operation: string
  readonly resources: readonly string[]
  readonly count: number
  readonly class: string
  readonly decision: string
  readonly reason: string
  /** Whether the break-glass covered it; otherwise the agent's own grants did, or nothing. */
  readonly covered: boolean
  /** Undefined: it was not forwarded, or what became of it is not in this log. */
  readonly outcome:
    | { readonly status?: number; readonly errorCode?: string; readonly reason: string }
    | undefined
}

export interface Totals {
  readonly calls: number
  readonly allowed: number
  readonly refused: number
  /** Things that allowed calls were about. */
  readonly count: number
}

export interface ReportEnd {
  readonly id: string
  readonly agent: string | undefined
  /** Undefined: this log does not say who opened it. */
  readonly opened: NonNullable<Line['opened']> | undefined
  readonly classes: Readonly<Record<string, Totals>>
}

/** Calls whose outcome is still to come; a log of which more are missing is one of a crash, or was cut. */
const MOST_WAITING = 10_000
const PERMIT = 'moderato.rules.breakglass.permit'

export class Report {
  readonly #id: string
  readonly #waiting = new Map<string, ReportedCall>()
  readonly #totals = new Map<string, Totals>()
  #agent: string | undefined
  #opened: Line['opened']

  constructor(id: string) {
    this.#id = id
  }

  /** Returns the calls that are complete with this line, in the order in which they were over. */
  take(text: string): ReportedCall[] {
    const line = this.#read(text)
    if (line === undefined) return []
    if (line.opened !== undefined) {
      this.#agent = line.agent
      this.#opened = line.opened
    }
    if (line.refused !== undefined) this.#counted(line.refused.classes)
    if (line.phase === 'decision') return this.#decided(line)
    return line.phase === 'outcome' ? this.#over(line) : []
  }

  /** Returns the calls without an outcome, and the totals. */
  end(): { readonly calls: ReportedCall[]; readonly end: ReportEnd } {
    const calls = [...this.#waiting.values()]
    const classes = Object.fromEntries([...this.#totals].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    return { calls, end: { id: this.#id, agent: this.#agent, opened: this.#opened, classes } }
  }

  /** An agent may write the id anywhere in its requests: only the record's own member counts. */
  #read(text: string): Line | undefined {
    if (!text.includes(this.#id)) return undefined
    const read = Line.safeParse(jsonOrUndefined(text))
    return read.success && read.data.breakglass === this.#id ? read.data : undefined
  }

  #decided(line: Line): ReportedCall[] {
    const call = callOf(line)
    this.#agent ??= line.agent
    const isAllowed = call.decision === 'allow'
    if (isAllowed) this.#add(call.class, { allowed: 1, refused: 0, count: call.count })
    else this.#add(call.class, { allowed: 0, refused: 1, count: 0 })
    if (!isAllowed) return [call]
    this.#waiting.set(call.requestId, call)
    if (this.#waiting.size <= MOST_WAITING) return []
    const [oldest] = this.#waiting.values()
    if (oldest === undefined) return []
    this.#waiting.delete(oldest.requestId)
    return [oldest]
  }

  /** Refusals that the log only counts: they are in the totals, and not among the calls. */
  #counted(classes: Readonly<Record<string, number>>): void {
    for (const [label, refused] of Object.entries(classes))
      this.#add(label, { allowed: 0, refused, count: 0 })
  }

  #add(label: string, { allowed, refused, count }: Omit<Totals, 'calls'>): void {
    const before = this.#totals.get(label) ?? { calls: 0, allowed: 0, refused: 0, count: 0 }
    this.#totals.set(label, {
      calls: before.calls + allowed + refused,
      allowed: before.allowed + allowed,
      refused: before.refused + refused,
      count: before.count + count,
    })
  }

  #over({ requestId = '', upstream = {}, reason = 'none' }: Line): ReportedCall[] {
    const call = this.#waiting.get(requestId)
    this.#waiting.delete(requestId)
    const { status, errorCode } = upstream
    const outcome = {
      ...(status === undefined ? {} : { status }),
      ...(errorCode === undefined ? {} : { errorCode }),
      reason,
    }
    return call === undefined ? [] : [{ ...call, outcome }]
  }
}

function callOf(line: Line): ReportedCall {
  const { time, requestId = '', service = 'unknown', operation, resources = [], count = 1, policy } = line
  return {
    time,
    requestId,
    operation: `${service}:${operation ?? '?'}`,
    resources,
    count,
    class: line.class ?? 'unknown',
    decision: line.decision ?? 'unknown',
    reason: line.reason ?? 'none',
    covered: policy?.rules.includes(PERMIT) === true,
    outcome: undefined,
  }
}
