/** Defines the counters of finished requests, by what they were and by whose they were. */
import { Counter, type Registry } from 'prom-client'
import { ACTION_CLASSES, type ActionClass } from '../core/action-class.ts'
import type { DenialReason } from '../core/denial/table.ts'

export const REQUEST_DECISIONS = ['allow', 'deny', 'throttle', 'abort', 'error'] as const
export type RequestDecision = (typeof REQUEST_DECISIONS)[number]

/** Lists how pace may treat a call: it passes at once, is held and passes, or is refused. */
export const PACE_OUTCOMES = ['passed', 'held', 'throttled'] as const
export type PaceOutcome = (typeof PACE_OUTCOMES)[number]

/** Names what enforce mode, or a rule that only observes, would have done to a call that was let through. */
export interface WouldFact {
  readonly would: 'deny' | 'throttle' | 'ask'
  readonly reason: string
}

/** Describes a finished request for the metrics. */
export interface RequestFacts {
  /** IAM prefix; counted as `unknown` if the catalogue does not have it. */
  readonly service: string
  readonly class: ActionClass
  readonly decision: RequestDecision
  readonly reason: DenialReason | 'none'
  readonly durationSeconds: number
  /** The agent, only if it is verified. */
  readonly agent?: string | undefined
  /** Undefined if no pace applied. */
  readonly pace?: PaceOutcome | undefined
  readonly would?: readonly WouldFact[] | undefined
}

const SIGNATURE_FAILURES = [
  'missing_credential',
  'malformed_authorization',
  'unsupported_signature',
  'unknown_credential',
  'clock_skew',
  'unsigned_header',
  'bad_signature',
  'expired_signature',
  'payload_mismatch',
] as const satisfies readonly DenialReason[]

/** Every pair that `would` and `reason` can make. */
const WOULD: readonly WouldFact[] = [
  { would: 'deny', reason: 'policy_denied' },
  { would: 'ask', reason: 'approval_required' },
  { would: 'throttle', reason: 'paced' },
  { would: 'throttle', reason: 'pace_exceeds_burst' },
  { would: 'throttle', reason: 'dwell' },
]

type Count = (facts: RequestFacts, service: string) => void

/** Returns a function that counts a finished request. `agentLabels` bounds the number of agents that are named. */
export function requestCounters(registry: Registry, agentLabels: number): Count {
  const all = counter(
    registry,
    'moderato_requests_total',
    'Requests by service, class, decision and reason.',
    ['service', 'class', 'decision', 'reason'],
  )
  const denials = counter(registry, 'moderato_denials_total', 'Requests refused or failed, by reason.', [
    'reason',
    'service',
  ])
  const failures = counter(
    registry,
    'moderato_signature_failures_total',
    'Requests whose signature did not verify.',
    ['reason'],
  )
  for (const reason of SIGNATURE_FAILURES) failures.inc({ reason }, 0)
  const isFailure: ReadonlySet<string> = new Set(SIGNATURE_FAILURES)
  const countOfAgent = agentCounters(registry, agentLabels)
  const countPace = paceCounter(registry)
  const countWould = wouldCounter(registry)
  return (facts, service) => {
    const { class: actionClass, decision, reason } = facts
    all.inc({ service, class: actionClass, decision, reason })
    if (reason !== 'none') denials.inc({ reason, service })
    if (isFailure.has(reason)) failures.inc({ reason })
    if (facts.pace !== undefined) countPace(actionClass, facts.pace)
    if (facts.would !== undefined) for (const each of facts.would) countWould(actionClass, each)
    countOfAgent(facts)
  }
}

function counter<Label extends string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: Label[],
): Counter<Label> {
  return new Counter({ name, help, labelNames, registers: [registry] })
}

/** Names agents up to the cap. It is one cap for all metrics, so that an agent has one name in all of them. */
function agentCounters(registry: Registry, agentLabels: number): (facts: RequestFacts) => void {
  const requests = counter(
    registry,
    'moderato_agent_requests_total',
    'Requests of verified agents; `other` beyond the cap.',
    ['agent', 'class', 'decision'],
  )
  const denials = counter(
    registry,
    'moderato_agent_denials_total',
    'Requests of verified agents that were refused or failed, by reason; `other` beyond the cap.',
    ['agent', 'reason'],
  )
  const would = counter(
    registry,
    'moderato_agent_would_total',
    'Calls of agents that observe mode, or a rule that observes, let through; `other` beyond the cap.',
    ['agent', 'class', 'would', 'reason'],
  )
  const named = new Set<string>()
  return (facts) => {
    if (facts.agent === undefined) return
    const { class: actionClass, decision, reason } = facts
    if (named.size < agentLabels) named.add(facts.agent)
    const agent = named.has(facts.agent) ? facts.agent : 'other'
    requests.inc({ agent, class: actionClass, decision })
    if (reason !== 'none') denials.inc({ agent, reason })
    if (facts.would === undefined) return
    for (const each of facts.would) would.inc({ agent, class: actionClass, ...each })
  }
}

/**
 * Counts paced calls in plain numbers, and hands them over at each scrape: prom-client hashes the labels at each `inc`,
 * which costs more than all else that a paced call adds to the metrics.
 */
function paceCounter(registry: Registry): (actionClass: ActionClass, outcome: PaceOutcome) => void {
  const counts = new Map(ACTION_CLASSES.map((name) => [name, { passed: 0, held: 0, throttled: 0 }]))
  const calls: Counter<'class' | 'outcome'> = new Counter({
    name: 'moderato_pace_calls_total',
    help: 'Paced calls that passed at once, were held and passed, or were throttled.',
    labelNames: ['class', 'outcome'],
    registers: [registry],
    collect() {
      calls.reset()
      for (const [name, own] of counts)
        for (const outcome of PACE_OUTCOMES) calls.inc({ class: name, outcome }, own[outcome])
    },
  })
  return (actionClass, outcome) => {
    const own = counts.get(actionClass)
    if (own !== undefined) own[outcome] += 1
  }
}

function wouldCounter(registry: Registry): (actionClass: ActionClass, fact: WouldFact) => void {
  const would = counter(
    registry,
    'moderato_would_total',
    'Calls that observe mode, or a rule that observes, let through: what would have been done to them, and why.',
    ['class', 'would', 'reason'],
  )
  for (const name of ACTION_CLASSES) for (const each of WOULD) would.inc({ class: name, ...each }, 0)
  return (actionClass, { would: what, reason }) => would.inc({ class: actionClass, would: what, reason })
}
