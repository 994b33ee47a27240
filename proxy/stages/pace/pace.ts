/** Pace: every rule that applies is charged, all or nothing; a call over its pace is held, or throttled in words. */
import type { ActionClass } from '../../core/action-class.ts'
import type { Approved, Paced } from '../../exchange/exchange.ts'
import type { Subject } from '../../pacing/bucket-key.ts'
import type { Buckets } from '../../pacing/buckets.ts'
import { chargesOf, type Charges } from '../../pacing/charges.ts'
import type { Limiter } from '../../pacing/limiter.ts'
import type { QueueOutcome } from '../../pacing/queue-outcome.ts'
import type { PaceQueue } from '../../pacing/queue.ts'
import { isOwn } from '../../pacing/rules.ts'
import type { FirstSeen } from '../../pacing/first-seen.ts'
import { widenedRules } from '../../pacing/widened.ts'
import type { Clock } from '../../core/ports.ts'
import { mapMaybePromise } from '../../core/maybe-promise.ts'
import { denialOf, denialOfDwell, denialOfGone } from './denial.ts'
import { dwellTurnMs, noteSight } from './dwell.ts'
import { callIdentity } from './identity.ts'
import { taskOf } from './task.ts'
import { groupsOf, NOTHING, observe, type Would } from './observed.ts'
import type { Pacing } from '../../pacing/pacing.ts'

export interface PaceMetrics {
  /** A paced call passed after this wait, 0 if it was not held. */
  waited(label: ActionClass, seconds: number): void
  /** How many calls of this label wait now. */
  depth(label: ActionClass, held: number): void
}

export interface PaceDeps {
  readonly queue: PaceQueue
  /** The queue's own limiter; what only observes charges it without waiting. */
  readonly limiter: Limiter
  /** Read anew for each call: a reload swaps it. */
  readonly pacing: () => Pacing
  /** How many times as slow an agent's own pace is, 1 or more. */
  readonly slowdownOf: (agentId: string) => number
  readonly sights: FirstSeen
  readonly buckets: Buckets
  readonly clock: Clock
  readonly mode: 'enforce' | 'observe'
  /** Judges a held call again when it leaves the queue (S4). Throws a Denial if anything changed for the worse. */
  readonly recheck: (exchange: Approved) => void
  readonly metrics: PaceMetrics
}

/**
 * Charges a call, with its count, in the bucket of agent x class for each of its classes that is paced, over all
 * services, regions and accounts together (S1, S2), and in the buckets of every further rule. Holds it while its turn
 * comes within `maxWait`. A charge is spent when the turn has come, whatever follows; a call that leaves the queue
 * before is not charged.
 * Denials: `paced`, `pace_exceeds_burst`, `dwell`, `queue_full`, `client_gone`, `draining`, and whatever `recheck`
 * throws. In observe mode it never holds or refuses, and says what it would have done. A call whose approvers said so
 * passes uncharged.
 */
export function pace(deps: PaceDeps): (exchange: Approved) => Paced | Promise<Paced> {
  const { queue, limiter, clock, metrics, sights } = deps
  const held = new Map<ActionClass, number>()

  function moveDepth(label: ActionClass, by: number): void {
    const depth = (held.get(label) ?? 0) + by
    held.set(label, depth)
    metrics.depth(label, depth)
  }

  function passed(exchange: Approved, dues: Charges, waitedMs: number): Paced | Promise<Paced> {
    const nowMs = clock.nowMs()
    metrics.waited(exchange.call.class, waitedMs / 1000)
    deps.buckets.track(dues.enforced)
    noteSight(exchange, sights, deps.pacing().dwellMs, nowMs)
    return withWould(exchange, waitedMs, observe(groupsOf(dues.observed), limiter, nowMs))
  }

  async function hold(exchange: Approved, dues: Charges, passage: Promise<QueueOutcome>): Promise<Paced> {
    const label = exchange.call.class
    moveDepth(label, 1)
    let waitedMs
    try {
      waitedMs = waitOf(await passage, exchange, dues, clock)
    } finally {
      moveDepth(label, -1)
    }
    deps.recheck(exchange)
    if (exchange.client.gone.aborted) throw denialOfGone()
    return passed(exchange, dues, waitedMs)
  }

  return function pace(exchange: Approved): Paced | Promise<Paced> {
    if (exchange.approval?.skipPace === true) return { ...exchange, waitedMs: undefined, ...NOTHING }
    const { rules, weights, dwellMs } = deps.pacing()
    const nowMs = clock.nowMs()
    const inForce = widenedRules(rules, exchange.breakglass)
    const factor = deps.slowdownOf(exchange.agent.id)
    const dues = chargesOf(exchange.call, payerOf(exchange), inForce, weights, factor)
    const notBeforeMs = dwellTurnMs(exchange, sights, dwellMs, nowMs)
    if (deps.mode === 'observe') return observed(exchange, dues, deps, notBeforeMs)
    if (dues.enforced.length === 0) {
      noteSight(exchange, sights, dwellMs, nowMs)
      return withWould(exchange, undefined, observe(groupsOf(dues.observed), limiter, nowMs))
    }
    if (notBeforeMs > nowMs + dues.maxWaitMs)
      throw denialOfDwell(exchange.call, dwellMs, notBeforeMs, dues.maxWaitMs, nowMs)
    const passage = queue.enter({
      holder: exchange.agent.id,
      charges: dues.enforced,
      shared: dues.enforced.filter(({ rule }) => !isOwn(rule)),
      maxWaitMs: dues.maxWaitMs,
      notBeforeMs,
      identity: () => callIdentity(exchange),
      judge: () => deps.recheck(exchange),
      gone: exchange.client.gone,
    })
    if (passage instanceof Promise) return hold(exchange, dues, passage)
    return passed(exchange, dues, waitOf(passage, exchange, dues, clock))
  }
}

function payerOf({ agent, authorization, call, accountId = '*' }: Approved): Subject {
  return {
    agent: agent.id,
    root: agent.root,
    task: taskOf(agent),
    account: accountId,
    region: authorization.scope.region,
    service: call.service,
    resources: call.resources,
  }
}

/** The wait of a call that may go; throws the Denial of one that may not. */
function waitOf(passage: QueueOutcome, { call }: Approved, dues: Charges, clock: Clock): number {
  if (passage.kind === 'go') return passage.waitedMs
  throw denialOf(passage, call, dues, clock.nowMs())
}

/** Observe mode: the call goes on at once, and what it would have been charged is charged. */
function observed(
  exchange: Approved,
  { enforced, observed, maxWaitMs }: Charges,
  { limiter, clock, buckets, sights, pacing }: PaceDeps,
  notBeforeMs: number,
): Paced | Promise<Paced> {
  const nowMs = clock.nowMs()
  buckets.track(enforced)
  noteSight(exchange, sights, pacing().dwellMs, nowMs)
  const groups = [...(enforced.length === 0 ? [] : [{ dues: enforced, maxWaitMs }]), ...groupsOf(observed)]
  const would = observe(groups, limiter, nowMs)
  return withWould(exchange, enforced.length === 0 ? undefined : 0, would, notBeforeMs > nowMs)
}

function withWould(
  exchange: Approved,
  waitedMs: number | undefined,
  would: Would | Promise<Would>,
  dwells = false,
): Paced | Promise<Paced> {
  const said = (pacesWould: Would): Paced => ({
    ...exchange,
    waitedMs,
    ...(dwells && pacesWould === NOTHING ? ({ wouldThrottle: 'dwell' } as const) : pacesWould),
  })
  return mapMaybePromise(would, said)
}
