/** Replays recorded calls under another configuration, and compares with the log or with a third configuration. */
import type { ActionClass } from '../core/action-class.ts'
import type { Config } from '../config/schema/config.ts'
import { LONGEST_WAIT_MS } from '../pacing/paces.ts'
import type { Circumstance, ClassRules } from './circumstances.ts'
import { InForce } from './in-force.ts'
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
  /** The number of calls whose decision or reason is another one. */
  readonly differences: number
  /** The number of replayed calls that were made while a break-glass was open for their agent. */
  readonly underBreakglass: number
  /** The number of findings of each watcher. They are not made again; how they slowed agents is. */
  readonly watchers: Readonly<Record<string, number>>
  /** The number of calls of tasks whose opening is not in the log: what narrows them is unknown. */
  readonly tasksUnknown: number
}

/** A decision is recorded when it is made; the call arrived up to this much earlier. */
const REORDER_MS = LONGEST_WAIT_MS + 15_000
const MAX_ROWS = 5_000

/** Replays a log. Without `baseline`, `before` is what the log says. Rejects if the log or a policy cannot be read. */
export async function replay(dir: string, config: Config, baseline?: Config): Promise<ReplayReport> {
  const before = baseline && (await Simulation.of(baseline))
  const rules = [config, ...(baseline === undefined ? [] : [baseline])].map(({ catalogue }) => catalogue)
  const run = new Run(await Simulation.of(config), before, rules)
  for await (const read of readDecisions(dir)) {
    if (read.kind === 'call') await run.take(read.call, read.recordedAtMs)
    else if (read.kind === 'task') run.opened(read.agent, read.task)
    else if (read.kind === 'circumstance') run.learn(read.circumstance)
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
  readonly #rules: readonly ClassRules[]
  readonly #inForce = new InForce()
  readonly #watchers = new Map<string, number>()
  readonly #counts = new Map<string, Count>()
  readonly #skipped = new Map<string, number>()
  #unreadable = 0
  #tasksUnknown = 0
  #letThrough = 0
  #stopped = 0
  #differences = 0
  #underBreakglass = 0
  #calls = 0
  #fromMs: number | undefined
  #toMs = 0

  constructor(after: Simulation, before: Simulation | undefined, rules: readonly ClassRules[]) {
    this.#after = after
    this.#before = before
    this.#rules = rules
  }

  /** Takes a task that was opened; the opening itself is not judged again. */
  opened(agent: string, task: OpenedTask): void {
    this.#inForce.opened(agent, task)
    this.skip('openings of tasks', 1)
  }

  /** Takes what holds for later calls. */
  learn(circumstance: Circumstance): void {
    this.#inForce.take(circumstance)
    if (circumstance.kind !== 'drift') return
    const { agent, detector, findings, response } = circumstance
    this.#watchers.set(detector, (this.#watchers.get(detector) ?? 0) + findings)
    if (response?.factor === undefined) return
    this.#after.slow(agent, response)
    this.#before?.slow(agent, response)
  }

  /** Counts skipped decisions by their reason; undefined means that the line cannot be read. */
  skip(why: string | undefined, decisions: number): void {
    if (why === undefined) this.#unreadable += decisions
    else this.#skipped.set(why, (this.#skipped.get(why) ?? 0) + decisions)
  }

  async take(call: RecordedCall, recordedAtMs: number): Promise<void> {
    if (this.#rules.some((rules) => this.#inForce.isClassedOtherwise(call, rules)))
      return this.skip('other class rules', 1)
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
      differences: this.#differences,
      underBreakglass: this.#underBreakglass,
      watchers: Object.fromEntries(this.#watchers),
      tasksUnknown: this.#tasksUnknown,
    }
  }

  async #arrive(untilMs: number): Promise<void> {
    const end = this.#waiting.findIndex(({ arrivedAtMs }) => arrivedAtMs > untilMs)
    for (const call of this.#waiting.splice(0, end === -1 ? this.#waiting.length : end))
      await this.#start(call)
  }

  async #start(recorded: RecordedCall): Promise<void> {
    const { task, arrivedAtMs, now, breakglass } = recorded
    if (this.#inForce.isDemanded(recorded)) return this.skip('approvals that a watcher demanded', 1)
    this.#calls += 1
    if (breakglass !== undefined) this.#underBreakglass += 1
    this.#fromMs ??= arrivedAtMs
    this.#toMs = arrivedAtMs
    const surroundings = this.#inForce.of(recorded)
    if (task !== undefined && surroundings.task === undefined) this.#tasksUnknown += 1
    const fates: { before?: Fate; after?: Fate } = this.#before === undefined ? { before: now } : {}
    const known = (of: 'before' | 'after') => (fate: Fate) => {
      fates[of] = fate
      if (fates.before !== undefined && fates.after !== undefined)
        this.#count(recorded, fates.before, fates.after)
    }
    await this.#before?.arrive(recorded, surroundings, known('before'))
    await this.#after.arrive(recorded, surroundings, known('after'))
  }

  #count({ agent, call }: RecordedCall, before: Fate, after: Fate): void {
    const count = this.#countOf(agent, call.class)
    count.calls += 1
    count.before.add(before)
    count.after.add(after)
    if (before.decision !== after.decision || before.reason !== after.reason) this.#differences += 1
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
