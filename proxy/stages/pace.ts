/** Pace: every class of a call is charged, all or nothing; a call over its pace is held, or throttled in words. */
import type { ActionClass } from '../classes.ts'
import { Denial } from '../denial.ts'
import type { Approved, Call, Paced } from '../exchange.ts'
import type { Charge, Limiter, Turn } from '../pacing/limiter.ts'
import type { Pace, PacedName, Paces } from '../pacing/paces.ts'
import type { Passage } from '../pacing/lane.ts'
import type { PaceQueue } from '../pacing/queue.ts'
import type { Clock } from '../ports.ts'

export interface PaceMetrics {
  /** A paced call passed after this wait, 0 if it was not held. */
  waited(label: ActionClass, seconds: number): void
  /** How many calls of this label wait now. */
  depth(label: ActionClass, held: number): void
}

export interface PaceDeps {
  readonly queue: PaceQueue
  /** The queue's own limiter; observe mode charges it without waiting. */
  readonly limiter: Limiter
  readonly paces: Paces
  readonly weights: PaceWeights
  readonly clock: Clock
  readonly mode: 'enforce' | 'observe'
  /** Judges a held call again when it leaves the queue (S4). Throws a Denial if anything changed for the worse. */
  readonly recheck: (exchange: Approved) => void
  readonly metrics: PaceMetrics
}

/** What a call is charged for beyond what it names. A class's burst is the most, so that it slows and never forbids. */
export interface PaceWeights {
  /** As how many things a call counts that reaches an unknown number of them. */
  readonly unboundedCount: number
  /** By what the count is multiplied where a container goes with all that it holds. */
  readonly cascadeWeight: number
}

/** What one call owes: `paces[i]` is the pace of `charges[i]`. */
interface Dues {
  readonly charges: readonly Charge[]
  readonly paces: readonly Pace[]
  /** The shortest of the paces' `maxWaitMs`. */
  readonly maxWaitMs: number
}

/**
 * Charges a call, with its count, in the bucket of agent x class for each of its classes that is paced, over all
 * services, regions and accounts together (S1, S2). Holds it while its turn comes within `maxWait`. A charge is
 * spent when the turn has come, whatever follows; a call that leaves the queue before is not charged.
 * Denials: `paced`, `pace_exceeds_burst`, `queue_full`, `client_gone`, `draining`, and whatever `recheck` throws.
 * In observe mode it never holds or refuses, and says what it would have done. A call whose approvers said so passes
 * uncharged.
 */
export function pace(deps: PaceDeps): (exchange: Approved) => Paced | Promise<Paced> {
  const held = new Map<ActionClass, number>()

  function moveDepth(label: ActionClass, by: number): void {
    const depth = (held.get(label) ?? 0) + by
    held.set(label, depth)
    deps.metrics.depth(label, depth)
  }

  function passed(exchange: Approved, waitedMs: number): Paced {
    deps.metrics.waited(exchange.call.class, waitedMs / 1000)
    return { ...exchange, waitedMs, wouldThrottle: undefined }
  }

  async function hold(exchange: Approved, dues: Dues, passage: Promise<Passage>): Promise<Paced> {
    const label = exchange.call.class
    moveDepth(label, 1)
    let waitedMs
    try {
      waitedMs = waitOf(await passage, exchange.call, dues, deps.clock)
    } finally {
      moveDepth(label, -1)
    }
    deps.recheck(exchange)
    if (exchange.client.gone.aborted) throw denialOfGone()
    return passed(exchange, waitedMs)
  }

  return function pace(exchange: Approved): Paced | Promise<Paced> {
    if (exchange.approval?.skipPace === true)
      return { ...exchange, waitedMs: undefined, wouldThrottle: undefined }
    const dues = duesOf(exchange, deps.paces, deps.weights)
    if (dues === undefined) return { ...exchange, waitedMs: undefined, wouldThrottle: undefined }
    if (deps.mode === 'observe') return observed(exchange, dues, deps)
    const passage = deps.queue.enter({
      holder: exchange.agent.id,
      charges: dues.charges,
      maxWaitMs: dues.maxWaitMs,
      judge: () => deps.recheck(exchange),
      gone: exchange.client.gone,
    })
    if (passage instanceof Promise) return hold(exchange, dues, passage)
    return passed(exchange, waitOf(passage, exchange.call, dues, deps.clock))
  }
}

/**
 * The charges of a call, each class once, and one of a write that may replace what is there (rule S14); undefined if
 * none of them is paced. The label is charged too.
 */
function duesOf({ agent, call }: Approved, paces: Paces, weights: PaceWeights): Dues | undefined {
  let due: Set<Pace> | undefined
  const add = (name: PacedName): void => {
    const own = paces.get(name)
    if (own !== undefined) due = (due ?? new Set()).add(own)
  }
  for (const name of call.classes) add(name)
  add(call.class)
  if (call.traits.includes('may-overwrite')) add('may-overwrite')
  if (due === undefined) return undefined
  const named = Math.max(1, Math.ceil(call.count))
  const assumed = assumedCount(call, named, weights)
  const list = [...due]
  return {
    charges: list.map((rate) => ({
      key: `${rate.class} ${agent.id}`,
      rate,
      weight: Math.max(named, Math.min(assumed, rate.burst)),
    })),
    paces: list,
    maxWaitMs: Math.min(...list.map(({ maxWaitMs }) => maxWaitMs)),
  }
}

function assumedCount({ traits }: Call, named: number, weights: PaceWeights): number {
  const count = traits.includes('unbounded') ? Math.max(named, weights.unboundedCount) : named
  return traits.includes('cascade') ? count * weights.cascadeWeight : count
}

/** Charges as if the call had been held, so that the record shows what enforcing would have done to the next ones. */
function observed(exchange: Approved, dues: Dues, deps: PaceDeps): Paced | Promise<Paced> {
  const turn = deps.limiter.take(dues.charges, deps.clock.nowMs(), dues.maxWaitMs)
  const noted = ({ kind }: Turn): Paced => ({
    ...exchange,
    waitedMs: 0,
    wouldThrottle: kind === 'now' ? undefined : kind === 'at' ? 'paced' : 'pace_exceeds_burst',
  })
  return turn instanceof Promise ? turn.then(noted) : noted(turn)
}

/** The wait of a call that may go; throws the Denial of one that may not. */
function waitOf(passage: Passage, call: Call, dues: Dues, clock: Clock): number {
  if (passage.kind === 'go') return passage.waitedMs
  throw denialOf(passage, call, dues, clock)
}

function denialOf(passage: Exclude<Passage, { kind: 'go' }>, call: Call, dues: Dues, clock: Clock): Denial {
  if (passage.kind === 'late') return denialOfLate(passage, call, dues, clock.nowMs())
  if (passage.kind === 'never') return denialOfNever(dues.paces[passage.limiting], call)
  if (passage.kind === 'gone') return denialOfGone()
  if (passage.kind === 'draining') {
    return new Denial('draining', 'The call waited for its turn; nothing was forwarded.')
  }
  return new Denial('queue_full', 'The queue for paced calls is full.', { retryAfterMs: dues.maxWaitMs })
}

function denialOfLate(late: Passage & { kind: 'late' }, call: Call, dues: Dues, nowMs: number): Denial {
  const retryAfterMs = Math.max(0, Math.ceil(late.turnAtMs - nowMs))
  const at = new Date(Math.ceil(late.turnAtMs)).toISOString()
  return new Denial(
    'paced',
    `${paceText(dues.paces[late.limiting])}. This call counts ${call.count}: its turn comes in ` +
      `${Math.ceil(retryAfterMs / 1000)} s, at ${at}; it may be held for ${dues.maxWaitMs / 1000} s.`,
    { retryAfterMs },
  )
}

function denialOfNever(limiting: Pace | undefined, call: Call): Denial {
  const most = limiting?.burst ?? 0
  return new Denial(
    'pace_exceeds_burst',
    `${paceText(limiting)}. This call counts ${call.count}, so its turn never comes; send at most ${most} in one call.`,
  )
}

function denialOfGone(): Denial {
  return new Denial('client_gone', 'The connection was closed.')
}

function paceText(pace: Pace | undefined): string {
  if (pace === undefined) throw new Error('a turn was limited by no charge of the call')
  return `This agent's pace for class ${pace.class} is ${pace.rateText}, at most ${pace.burst} at once`
}
