/** Replays recorded calls under another configuration, and compares with the log or with a third configuration. */
import type { ActionClass } from '../core/action-class.ts'
import type { Config } from '../config/schema/config.ts'
import { LONGEST_WAIT_MS } from '../pacing/paces.ts'
import { RecentMap } from '../core/recent-map.ts'
import { readDecisions, type Fate, type OpenedTask, type RecordedCall } from './records.ts'
import { Simulation } from './simulation.ts'
import { Tally, type Sum } from './tally.ts'

export interface ReplayRow {
  readonly agent: string
  readonly class: ActionClass
  readonly calls: number
  readonly before: Sum
  readonly after: Sum
}

/** Holds the result of a replay. */
export interface ReplayReport {
  readonly calls: number
  /** ISO 8601; undefined if nothing was replayed. */
  readonly from: string | undefined
  readonly to: string | undefined
  /** One row for each agent and class, in order of first appearance. */
  readonly rows: readonly ReplayRow[]
  /** The number of calls that are denied now and would be allowed; `stopped` is the opposite. */
  readonly letThrough: number
  readonly stopped: number
  /** The number of decisions that cannot be made again, by reason. */
  readonly skipped: Readonly<Record<string, number>>
  /** The number of lines that are no complete record. */
  readonly unreadable: number
  /** The number of calls of tasks whose opening is not in the log: what narrows them is unknown. */
  readonly tasksUnknown: number
}

/** A decision is recorded when it is made; the call arrived up to this much earlier. */
const REORDER_MS = LONGEST_WAIT_MS + 15_000
const MAX_ROWS = 5_000
const MAX_TASKS = 10_000

/** Replays a log. Without `baseline`, `before` is what the log says. Rejects if the log or a policy cannot be read. */
export async function replay(dir: string, config: Config, baseline?: Config): Promise<ReplayReport> {
  const run = new Run(await Simulation.of(config), baseline && (await Simulation.of(baseline)))
  for await (const read of readDecisions(dir)) {
    if (read.kind === 'call') await run.take(read.call, read.recordedAtMs)
    else if (read.kind === 'task') run.opened(read.agent, read.task)
    else if (read.kind === 'skipped') run.skip(read.why, read.decisions)
    else run.skip(undefined, 1)
  }
  return run.end()
}

interface Count {
  readonly agent: string
  readonly class: ActionClass
  calls: number
  readonly before: Tally
  readonly after: Tally
}

class Run {
  readonly #after: Simulation
  readonly #before: Simulation | undefined
  /** Calls in order of arrival. */
  readonly #waiting: RecordedCall[] = []
  readonly #tasks = new RecentMap<OpenedTask>(MAX_TASKS)
  readonly #counts = new Map<string, Count>()
  readonly #skipped = new Map<string, number>()
  #unreadable = 0
  #tasksUnknown = 0
  #letThrough = 0
  #stopped = 0
  #calls = 0
  #fromMs: number | undefined
  #toMs = 0

  constructor(after: Simulation, before: Simulation | undefined) {
    this.#after = after
    this.#before = before
  }

  opened(agent: string, task: OpenedTask): void {
    this.#tasks.set(`${agent} ${task.id}`, task)
  }

  /** Counts skipped decisions by their reason; undefined means that the line cannot be read. */
  skip(why: string | undefined, decisions: number): void {
    if (why === undefined) this.#unreadable += decisions
    else this.#skipped.set(why, (this.#skipped.get(why) ?? 0) + decisions)
  }

  async take(call: RecordedCall, recordedAtMs: number): Promise<void> {
    let at = this.#waiting.length
    while (at > 0 && (this.#waiting[at - 1]?.arrivedAtMs ?? 0) > call.arrivedAtMs) at -= 1
    this.#waiting.splice(at, 0, call)
    await this.#arrive(recordedAtMs - REORDER_MS)
  }

  async end(): Promise<ReplayReport> {
    await this.#arrive(Infinity)
    await this.#after.end()
    await this.#before?.end()
    return {
      calls: this.#calls,
      from: this.#fromMs === undefined ? undefined : new Date(this.#fromMs).toISOString(),
      to: this.#fromMs === undefined ? undefined : new Date(this.#toMs).toISOString(),
      rows: [...this.#counts.values()].map(({ before, after, ...of }) => ({
        ...of,
        before: before.sum,
        after: after.sum,
      })),
      letThrough: this.#letThrough,
      stopped: this.#stopped,
      skipped: Object.fromEntries(this.#skipped),
      unreadable: this.#unreadable,
      tasksUnknown: this.#tasksUnknown,
    }
  }

  async #arrive(untilMs: number): Promise<void> {
    const end = this.#waiting.findIndex(({ arrivedAtMs }) => arrivedAtMs > untilMs)
    for (const call of this.#waiting.splice(0, end === -1 ? this.#waiting.length : end))
      await this.#start(call)
  }

  async #start(recorded: RecordedCall): Promise<void> {
    const { agent, task, arrivedAtMs, now } = recorded
    this.#calls += 1
    this.#fromMs ??= arrivedAtMs
    this.#toMs = arrivedAtMs
    const opened = task === undefined ? undefined : this.#tasks.get(`${agent} ${task}`)
    if (task !== undefined && opened === undefined) this.#tasksUnknown += 1
    const fates: { before?: Fate; after?: Fate } = this.#before === undefined ? { before: now } : {}
    const known = (of: 'before' | 'after') => (fate: Fate) => {
      fates[of] = fate
      if (fates.before !== undefined && fates.after !== undefined)
        this.#count(recorded, fates.before, fates.after)
    }
    await this.#before?.arrive(recorded, opened, known('before'))
    await this.#after.arrive(recorded, opened, known('after'))
  }

  #count({ agent, call }: RecordedCall, before: Fate, after: Fate): void {
    const count = this.#countOf(agent, call.class)
    count.calls += 1
    count.before.add(before)
    count.after.add(after)
    if (before.decision === 'deny' && after.decision === 'allow') this.#letThrough += 1
    if (before.decision === 'allow' && after.decision === 'deny') this.#stopped += 1
  }

  #countOf(agent: string, label: ActionClass): Count {
    const full = this.#counts.size >= MAX_ROWS && !this.#counts.has(`${agent} ${label}`)
    const name = full ? 'others' : agent
    const key = `${name} ${label}`
    let count = this.#counts.get(key)
    if (count === undefined)
      this.#counts.set(
        key,
        (count = { agent: name, class: label, calls: 0, before: new Tally(), after: new Tally() }),
      )
    return count
  }
}
