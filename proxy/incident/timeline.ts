/** Tells what a task, or an agent, did: from records of the audit log one by one, in bounded memory. Pure. */
import type { LoggedRecord } from '../audit/search/filter.ts'
import { NO_CALLS, type CallCounts } from '../core/call-counts.ts'
import { callOf, otherOf, outcomeOf, type HappenedCall, type Happening } from './happening.ts'
import { Remains, type Remainder } from './remains.ts'
import { endingOf, openingOf, type TaskOpening } from './task-facts.ts'

/** A Summary says what a task or an agent did, without each call. */
export interface Summary {
  /** The task that was asked for; null if an agent was. */
  readonly task: string | null
  readonly agents: readonly string[]
  /** The tasks that its records name. */
  readonly tasks: readonly string[]
  /** The first and the last record, in ISO 8601. */
  readonly from: string
  readonly until: string
  /** How it was opened, oldest first: agents choose the names of tasks, so that several may have one. */
  readonly openings: readonly TaskOpening[]
  /** When and why it ended, as each replica saw it; none: it may go on. */
  readonly endings: readonly {
    readonly time: string
    readonly agent: string | null
    readonly cause: string
  }[]
  /** Tasks that were opened from it. */
  readonly openedFromIt: readonly string[]
  readonly counts: CallCounts
  readonly classes: Readonly<Record<string, number>>
  readonly destroyed: readonly Remainder[]
  readonly destroyedMore: number
  readonly leftBehind: readonly Remainder[]
  readonly leftMore: number
}

export interface Timeline extends Summary {
  /** In the order of the log. */
  readonly happenings: readonly Happening[]
  /** How many calls that only read, and how many other things, found no room. */
  readonly leftOut: { readonly reads: number; readonly others: number }
}

const MOST_READS = 2_000
const MOST_OTHERS = 50_000
const MOST_NAMES = 1_000
/** Calls whose outcome is still to come; more are missing only where the log was cut, or a process died. */
const MOST_WAITING = 10_000

export class TimelineMaker {
  readonly #happenings = new Map<string, Happening>()
  readonly #waiting = new Map<string, HappenedCall>()
  readonly #remains = new Remains()
  readonly #agents = new Set<string>()
  readonly #tasks = new Set<string>()
  readonly #openings: TaskOpening[] = []
  readonly #endings: { time: string; agent: string | null; cause: string }[] = []
  readonly #classes = new Map<string, number>()
  readonly #counts = { ...NO_CALLS }
  readonly #leftOut = { reads: 0, others: 0 }
  #reads = 0
  #others = 0
  #from = ''
  #until = ''

  /** True until a record was taken. */
  get isEmpty(): boolean {
    return this.#from === ''
  }

  get agents(): readonly string[] {
    return [...this.#agents]
  }

  get from(): string {
    return this.#from
  }

  get until(): string {
    return this.#until
  }

  take(record: LoggedRecord): void {
    const { time, agent, task, phase } = record
    if (this.#from === '' || time < this.#from) this.#from = time
    if (time > this.#until) this.#until = time
    if (agent !== undefined) note(this.#agents, agent)
    if (task !== undefined) note(this.#tasks, task)
    const opening = openingOf(record)
    if (opening !== undefined && this.#openings.length < MOST_NAMES) this.#openings.push(opening)
    const cause = endingOf(record)
    if (cause !== undefined && this.#endings.length < MOST_NAMES)
      this.#endings.push({ time, agent: agent ?? null, cause })
    if (phase === 'decision') this.#decided(callOf(record))
    else if (phase === 'outcome') this.#over(record)
    else this.other(record)
  }

  /** Takes a record that is about the agent, and not about this task alone; it counts as no activity of the task. */
  other(record: LoggedRecord): void {
    const happening = otherOf(record)
    if (happening !== undefined) this.#keep(`${record.seq} ${record.time}`, happening)
  }

  /** `openedFromIt` are tasks that were opened from this one. */
  end(task: string | null, openedFromIt: readonly string[]): Timeline {
    for (const call of this.#waiting.values()) this.#remains.take(call)
    this.#waiting.clear()
    const { left, destroyed, leftMore, destroyedMore } = this.#remains
    return {
      task,
      agents: this.agents,
      tasks: [...this.#tasks],
      from: this.#from,
      until: this.#until,
      openings: this.#openings,
      endings: this.#endings,
      openedFromIt,
      counts: { ...this.#counts },
      classes: Object.fromEntries(this.#classes),
      destroyed,
      destroyedMore,
      leftBehind: left,
      leftMore,
      happenings: [...this.#happenings.values()].toSorted((a, b) =>
        a.time < b.time ? -1 : Number(a.time > b.time),
      ),
      leftOut: { ...this.#leftOut },
    }
  }

  #decided(call: HappenedCall): void {
    this.#keep(call.requestId, call)
    if (call.operation.startsWith('moderato:')) return
    const { decision, waitedMs } = call
    this.#counts.calls += 1
    if (decision === 'deny' || decision === 'throttle') this.#counts.refused += 1
    if (decision === 'abort' || decision === 'error') this.#counts.failed += 1
    if (waitedMs > 0) this.#counts.held += 1
    this.#counts.waitedMs += waitedMs
    this.#classes.set(call.class, (this.#classes.get(call.class) ?? 0) + 1)
    if (decision !== 'allow') return
    this.#waiting.set(call.requestId, call)
    if (this.#waiting.size <= MOST_WAITING) return
    const [oldest] = this.#waiting.values()
    if (oldest === undefined) return
    this.#waiting.delete(oldest.requestId)
    this.#remains.take(oldest)
  }

  #over(record: LoggedRecord): void {
    const { requestId = '' } = record
    const outcome = outcomeOf(record)
    const kept = this.#happenings.get(requestId)
    if (kept?.kind === 'call') this.#happenings.set(requestId, { ...kept, outcome })
    const waiting = this.#waiting.get(requestId)
    if (waiting === undefined) return
    this.#waiting.delete(requestId)
    this.#remains.take({ ...waiting, outcome })
    if (outcome.status !== null) this.#counts.forwarded += 1
    else if (outcome.decision === 'deny' || outcome.decision === 'throttle') this.#counts.refused += 1
    else this.#counts.failed += 1
  }

  #keep(name: string, happening: Happening): void {
    const isRead =
      happening.kind === 'call' &&
      happening.decision === 'allow' &&
      happening.classes.every((each) => each === 'read' || each === 'list')
    if (isRead ? this.#reads >= MOST_READS : this.#others >= MOST_OTHERS) {
      this.#leftOut[isRead ? 'reads' : 'others'] += 1
      return
    }
    if (isRead) this.#reads += 1
    else this.#others += 1
    this.#happenings.set(name, happening)
  }
}

function note(into: Set<string>, name: string): void {
  if (into.size < MOST_NAMES) into.add(name)
}
