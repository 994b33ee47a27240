/**
 * Gathers what one detector finds of one agent in one task, so that people get one message about many findings. The first
 * message waits a moment for the rest of a burst; while more is found, a summary follows every few minutes. Every finding is
 * in one of them: messages are bounded, and none is dropped.
 */
import type { Clock, Timer } from '../core/ports.ts'
import type { Drift } from './watch.ts'

/** Holds the findings that one message tells. */
export interface DriftReport extends Drift {
  /** How many findings there are; one that goes on is one, and the words are its last. */
  readonly findings: number
  /** The time of the first finding and of the last, in milliseconds since the epoch. */
  readonly fromMs: number
  readonly untilMs: number
  /** An earlier message began to tell of it. */
  readonly isUpdate: boolean
  /** The agent drifted in so many tasks that their findings are told together; `task` is undefined then. */
  readonly isOverTasks: boolean
}

export interface GroupsDeps {
  readonly clock: Clock
  readonly timer: Timer
  readonly tell: (report: DriftReport) => void
}

/** A burst is over when nothing was found for so long, or when it has lasted too long. */
const PAUSE_MS = 1_000
const LONGEST_BURST_MS = 10_000
/** How long a message stands for what it tells: what is found meanwhile is told at the end. */
const WINDOW_MS = 300_000
/** Open groups of one agent; an agent chooses how many tasks it opens. */
const MAX_OF_AGENT = 20
const MAX_GROUPS = 2_000
const MAX_REQUESTS = 20
/** Names in one message. */
const MAX_THINGS = 100
const MAX_CHARACTERS = 8_192
/** Beyond so many, one that goes on may be counted again. */
const MAX_KEYS = 1_000

interface Pending {
  readonly fromMs: number
  /** What the findings are about, and how many things each leaves out. */
  readonly keys: Map<string, number>
  readonly things: Set<string>
  last: Drift
  untilMs: number
  findings: number
  requests: number
  requestIds: readonly string[]
  characters: number
  moreThings: number
}

interface Group {
  readonly agent: string
  readonly isOverTasks: boolean
  wasTold: boolean
  pending: Pending | undefined
  cancel: () => void
}

export class DriftGroups {
  readonly #deps: GroupsDeps
  readonly #groups = new Map<string, Group>()
  readonly #ofAgent = new Map<string, number>()

  constructor(deps: GroupsDeps) {
    this.#deps = deps
  }

  /** Takes a finding; it is told soon. */
  add(drift: Drift): void {
    const [key, group] = this.#groupOf(drift)
    const nowMs = this.#deps.clock.nowMs()
    group.pending ??= pendingOf(drift, nowMs)
    include(group.pending, drift, nowMs)
    if (group.wasTold) return
    const waitMs = Math.min(PAUSE_MS, Math.max(0, group.pending.fromMs + LONGEST_BURST_MS - nowMs))
    this.#wake(key, group, waitMs)
  }

  /** Tells at once what is gathered of an agent, and begins anew with it. */
  forget(agent: string): void {
    for (const [key, group] of this.#groups) if (group.agent === agent) this.#end(key, group)
  }

  /** Tells at once what is gathered of all agents. */
  flush(): void {
    for (const [key, group] of this.#groups) this.#end(key, group)
  }

  #groupOf(drift: Drift): readonly [string, Group] {
    const { agent, task } = drift
    const own = keyOf(drift, task?.id)
    const known = this.#groups.get(own)
    if (known !== undefined) return [own, known]
    const isOverTasks = task !== undefined && (this.#ofAgent.get(agent) ?? 0) >= MAX_OF_AGENT
    const key = isOverTasks ? keyOf(drift, null) : own
    const open = this.#groups.get(key)
    if (open !== undefined) return [key, open]
    const [oldest] = this.#groups
    if (oldest !== undefined && this.#groups.size >= MAX_GROUPS) this.#end(...oldest)
    const group = { agent, isOverTasks, wasTold: false, pending: undefined, cancel: () => undefined }
    this.#groups.set(key, group)
    this.#ofAgent.set(agent, (this.#ofAgent.get(agent) ?? 0) + 1)
    return [key, group]
  }

  #wake(key: string, group: Group, ms: number): void {
    group.cancel()
    group.cancel = this.#deps.timer.after(ms, () => this.#due(key, group))
  }

  #due(key: string, group: Group): void {
    if (group.pending === undefined) return this.#end(key, group)
    this.#tell(group)
    this.#wake(key, group, WINDOW_MS)
  }

  #tell(group: Group): void {
    const { pending, wasTold: isUpdate, isOverTasks } = group
    if (pending === undefined) return
    group.pending = undefined
    group.wasTold = true
    const { last, things, findings, requests, requestIds, moreThings, fromMs, untilMs } = pending
    this.#deps.tell({
      ...last,
      task: isOverTasks ? undefined : last.task,
      findings,
      things: [...things],
      moreThings,
      // One finding counts its own requests.
      ...(findings === 1 ? {} : { requests, requestIds }),
      fromMs,
      untilMs,
      isUpdate,
      isOverTasks,
    })
  }

  #end(key: string, group: Group): void {
    group.cancel()
    this.#tell(group)
    this.#groups.delete(key)
    const left = (this.#ofAgent.get(group.agent) ?? 0) - 1
    if (left > 0) this.#ofAgent.set(group.agent, left)
    else this.#ofAgent.delete(group.agent)
  }
}

/** A graver finding is news, and so is one that is answered in another way. */
function keyOf({ agent, detector, response, grave }: Drift, task: string | null | undefined): string {
  return JSON.stringify([agent, task === undefined ? '' : task, detector, response, grave])
}

function pendingOf(last: Drift, fromMs: number): Pending {
  const none = { findings: 0, requests: 0, requestIds: [], characters: 0, moreThings: 0 }
  return { last, fromMs, untilMs: fromMs, keys: new Map(), things: new Set(), ...none }
}

function include(pending: Pending, drift: Drift, nowMs: number): void {
  const { key, things, moreThings, requests, requestIds } = drift
  pending.last = drift
  pending.untilMs = nowMs
  const isKnown = pending.keys.has(key)
  if (!isKnown) {
    pending.findings += 1
    pending.requests += requests
    pending.requestIds = [...pending.requestIds, ...requestIds].slice(-MAX_REQUESTS)
  }
  const leftOut = pending.keys.get(key) ?? 0
  pending.moreThings += Math.max(0, moreThings - leftOut)
  if (isKnown || pending.keys.size < MAX_KEYS) pending.keys.set(key, Math.max(leftOut, moreThings))
  for (const thing of things) if (!pending.things.has(thing)) name(pending, thing, isKnown)
}

/** Names a thing while there is room. What goes on names the same things again: they are not counted twice. */
function name(pending: Pending, thing: string, isKnown: boolean): void {
  const characters = pending.characters + thing.length
  if (pending.things.size >= MAX_THINGS || characters > MAX_CHARACTERS) {
    if (!isKnown) pending.moreThings += 1
    return
  }
  pending.things.add(thing)
  pending.characters = characters
}
