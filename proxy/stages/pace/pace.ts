/** Paces calls: charges every rule that applies, all or none. A call over its pace is held, or throttled. */
import type { ActionClass } from '../../core/action-class.ts'
import { mapMaybePromise, type MaybePromise } from '../../core/maybe-promise.ts'
import type { Clock } from '../../core/ports.ts'
import type { Approved, Paced } from '../../exchange/exchange.ts'
import type { Limiter } from '../../pacing/limiter.ts'
import type { QueueOutcome } from '../../pacing/queue-outcome.ts'
import type { PaceQueue } from '../../pacing/queue.ts'
import { DWELL, isOwn } from '../../pacing/rules.ts'
import { denialOf, denialOfDwell, denialOfGone } from './denial.ts'
import { callPaceOf, paceRulesOf, type CallPace, type CallPaceDeps } from './call-pace.ts'
import { noteFirstSeen } from './dwell.ts'
import { callIdentity } from './identity.ts'
import { groupsOf, NOTHING, observe, type Would } from './observed.ts'

/** Receives the metrics of the pace stage. */
export interface PaceMetrics {
  /** Records the wait of a paced call that passed, 0 if it was not held. */
  waited(label: ActionClass, seconds: number): void
  /** Sets the number of calls of this class that wait now. */
  depth(label: ActionClass, held: number): void
}

/** Declares what `pace` needs. */
export interface PaceDeps extends CallPaceDeps {
  readonly queue: PaceQueue
  /** The queue's own limiter; rules that only observe charge it without waiting. */
  readonly limiter: Limiter
  readonly clock: Clock
  readonly mode: () => 'enforce' | 'observe'
  /** Judges a held call again when it leaves the queue (S4). Throws a Denial if anything changed for the worse. */
  readonly recheck: (exchange: Approved) => void
  readonly metrics: PaceMetrics
}

/**
 * Charges a call, with its count, in the bucket of agent x class for each of its classes that is paced, over all
 * services, regions and accounts together (S1, S2), and in the buckets of every further rule. Holds the call if its turn
 * comes within `maxWait`. The charge is taken when the turn comes, whatever follows; a call that leaves the queue before
 * its turn is not charged. A call whose approvers said so passes uncharged. In observe mode no call is held or refused;
 * the record says what would have happened. Calls that enforce mode would have denied are not charged there either.
 * Denials: `paced`, `pace_exceeds_burst`, `dwell`, `queue_full`, `client_gone`, `draining`, and those of `recheck`.
 */
export function pace(deps: PaceDeps) {
  const moveDepth = heldByLabel(deps.metrics)
  return function pace<Exchange extends Approved>(exchange: Exchange): MaybePromise<Exchange & Paced> {
    if (exchange.approval?.skipPace === true) return { ...exchange, waitedMs: undefined, ...NOTHING }
    const callPace = callPaceOf(exchange, deps, deps.clock.nowMs())
    if (deps.mode() === 'observe') return observed(exchange, callPace, deps)
    const { charges, nowMs, dwellMs, notBeforeMs } = callPace
    if (charges.enforced.length === 0) {
      noteFirstSeen(exchange, deps.firstSeen, dwellMs, nowMs)
      return withWould(exchange, undefined, observe(groupsOf(charges.observed), deps.limiter, nowMs))
    }
    if (notBeforeMs > nowMs + charges.maxWaitMs)
      throw denialOfDwell(exchange.call, dwellMs, notBeforeMs, charges.maxWaitMs, nowMs)
    const outcome = enterQueue(exchange, callPace, deps)
    if (outcome instanceof Promise) return hold(exchange, callPace, outcome, deps, moveDepth)
    return passed(exchange, callPace, waitOf(outcome, exchange, callPace, deps.clock), deps)
  }
}

type MoveDepth = (label: ActionClass, by: number) => void

/** Counts the held calls of each class. */
function heldByLabel(metrics: PaceMetrics): MoveDepth {
  const held = new Map<ActionClass, number>()
  return (label, by) => {
    const depth = (held.get(label) ?? 0) + by
    held.set(label, depth)
    metrics.depth(label, depth)
  }
}

function enterQueue(exchange: Approved, callPace: CallPace, { queue, recheck }: PaceDeps) {
  const { charges, notBeforeMs } = callPace
  return queue.enter({
    holder: exchange.agent.id,
    charges: charges.enforced,
    shared: charges.enforced.filter(({ rule }) => !isOwn(rule)),
    maxWaitMs: charges.maxWaitMs,
    notBeforeMs,
    identity: () => callIdentity(exchange),
    judge: () => recheck(exchange),
    held(limiting) {
      callPace.limiting = limiting
    },
    gone: exchange.client.gone,
  })
}

async function hold<Exchange extends Approved>(
  exchange: Exchange,
  callPace: CallPace,
  outcome: Promise<QueueOutcome>,
  deps: PaceDeps,
  moveDepth: MoveDepth,
): Promise<Exchange & Paced> {
  const label = exchange.call.class
  moveDepth(label, 1)
  let waitedMs
  try {
    waitedMs = waitOf(await outcome, exchange, callPace, deps.clock)
  } finally {
    moveDepth(label, -1)
  }
  deps.recheck(exchange)
  if (exchange.client.gone.aborted) throw denialOfGone()
  return passed(exchange, callPace, waitedMs, deps)
}

/** Lets a call go whose turn has come. */
function passed<Exchange extends Approved>(
  exchange: Exchange,
  callPace: CallPace,
  waitedMs: number,
  { clock, metrics, firstSeen, pacing, limiter }: PaceDeps,
): MaybePromise<Exchange & Paced> {
  const { charges } = callPace
  const nowMs = clock.nowMs()
  const paceRules = paceRulesOf(callPace)
  // A store elsewhere takes time to answer, which is no wait for a turn.
  metrics.waited(exchange.call.class, paceRules === undefined ? 0 : waitedMs / 1000)
  noteFirstSeen(exchange, firstSeen, pacing().dwellMs, nowMs)
  const held = paceRules === undefined ? exchange : { ...exchange, paceRules }
  return withWould(held, waitedMs, observe(groupsOf(charges.observed), limiter, nowMs))
}

/** Returns how long a call that may go has waited; throws the Denial of one that may not. */
function waitOf(outcome: QueueOutcome, { call }: Approved, callPace: CallPace, clock: Clock): number {
  if (outcome.kind === 'go') return outcome.waitedMs
  throw denialOf(outcome, call, callPace.charges, clock.nowMs(), paceRulesOf(callPace))
}

/** Lets a call go on at once in observe mode, and charges what enforce mode would have charged. */
function observed<Exchange extends Approved>(
  exchange: Exchange,
  { charges, dwellMs, notBeforeMs }: CallPace,
  { limiter, clock, firstSeen }: PaceDeps,
): MaybePromise<Exchange & Paced> {
  // Enforce mode would have refused it before its pace.
  if (exchange.decision.wouldDeny === 'policy_denied') return { ...exchange, waitedMs: undefined, ...NOTHING }
  const { enforced, maxWaitMs } = charges
  const nowMs = clock.nowMs()
  noteFirstSeen(exchange, firstSeen, dwellMs, nowMs)
  const groups = [
    ...(enforced.length === 0 ? [] : [{ charges: enforced, maxWaitMs }]),
    ...groupsOf(charges.observed),
  ]
  const would = observe(groups, limiter, nowMs)
  return withWould(
    exchange,
    enforced.length === 0 ? undefined : 0,
    would,
    dwellWould(notBeforeMs - nowMs, maxWaitMs),
  )
}

/** Returns what dwell would have done. */
function dwellWould(waitMs: number, maxWaitMs: number): Would {
  if (waitMs <= 0) return NOTHING
  const refuses = waitMs > maxWaitMs
  return {
    wouldThrottle: 'dwell',
    ...(refuses ? { wouldRefuse: [DWELL] } : { wouldWaitMs: Math.ceil(waitMs) }),
  }
}

function withWould<Exchange extends Approved>(
  exchange: Exchange,
  waitedMs: number | undefined,
  would: MaybePromise<Would>,
  dwell: Would = NOTHING,
): MaybePromise<Exchange & Paced> {
  return mapMaybePromise(would, (pacesWould: Would): Exchange & Paced => ({
    ...exchange,
    waitedMs,
    ...(pacesWould === NOTHING ? dwell : pacesWould),
  }))
}
