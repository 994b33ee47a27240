/** Defines the contract's Prometheus metrics, each with bounded labels (contract, "Metrics"). */
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'
import { ACTION_CLASSES, type ActionClass } from '../core/action-class.ts'
import { approvalMetrics, type ApprovalMetrics } from './approval-metrics.ts'
import { capacityMetrics, type CapacityMetrics } from './capacity-metrics.ts'
import { driftMetrics, type DriftMetrics } from './drift-metrics.ts'
import { Durations } from './durations.ts'
import { lookup } from './lookup.ts'
import { operations, type OperationMetrics } from './metrics-operations.ts'
import { requestCounters, type RequestFacts } from './request-counters.ts'
import { ruleMetrics, type RuleMetrics } from './rule-metrics.ts'
import { sampledGauge } from './sampled.ts'

/** Bounds the values of labels. */
export interface MetricsOptions {
  /** The IAM prefixes of the catalogue: the values that `service` may have. */
  readonly services: { has(service: string): boolean }
  /** The number of agents named in `moderato_agent_*`; others are counted as `other`. Default: 200. */
  readonly agentLabels?: number
}

/** Records all metrics of the process. */
export interface Metrics
  extends OperationMetrics, ApprovalMetrics, DriftMetrics, RuleMetrics, CapacityMetrics {
  /** Counts a finished request: requests, duration, and if they apply, denials, signature failures and agent. */
  request(facts: RequestFacts): void
  stage(name: string, seconds: number): void
  /** Records one upstream exchange; the status is undefined if no answer came. */
  upstream(service: string, status: number | undefined, seconds: number): void
  paceWait(actionClass: ActionClass, seconds: number): void
  queueDepth(actionClass: ActionClass, waiting: number): void
  policyEvaluation(engine: string, seconds: number): void
  /** Sets the bundle in force; it replaces the previous one. */
  policyBundle(revision: string): void
  /** Sets the function that a scrape calls to ask whether policy and pace are enforced. */
  enforcing(source: () => boolean): void
  auditRecords(written: number): void
  /** Sets the function that a scrape calls for the age, in seconds, of the oldest audit record that is not durable. */
  auditLag(source: () => number): void
  /** Sets the function that a scrape calls to ask whether the state store answers. */
  stateUp(source: () => boolean): void
  /** Sets the function that a scrape calls to ask whether what the state store holds can be trusted. */
  stateTrusted(source: () => boolean): void
  /** Returns all metrics in the text exposition format. */
  text(): Promise<string>
  readonly contentType: string
}

const STAGE_SECONDS = [1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 5e-3, 0.025, 0.1, 0.5, 1, 5, 15, 45]
const REQUEST_SECONDS = [5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 45, 120]
const POLICY_SECONDS = [5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 5e-3, 0.05]
/** The first holds calls that passed at once. */
const WAIT_SECONDS = [0, 0.1, 0.5, 1, 2.5, 5, 10, 15, 20, 30, 45]

/** Creates the metrics in a registry of their own, with the default metrics of the process. */
export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry()
  processMetrics(registry)
  const durations = durationMetrics()
  const approval = approvalMetrics(registry)
  const { stage, upstream, policy, wait } = durations
  const count = requestCounters(registry, options.agentLabels ?? 200)
  const { services } = options
  const known = (service: string): string => (services.has(service) ? service : 'unknown')
  const stages = lookup((name: string) => stage.series(name))
  const engines = lookup((engine: string) => policy.series(engine))
  const waits = lookup((actionClass: string) => wait.series(actionClass))
  const upstreams = lookup((service: string) => lookup((status: string) => upstream.series(service, status)))
  const requests = lookup((actionClass: string) =>
    lookup((decision: string) => durations.request.series(actionClass, decision)),
  )
  return {
    request(facts) {
      count(facts, known(facts.service))
      requests(facts.class)(facts.decision).observe(facts.durationSeconds)
    },
    stage: (name, seconds) => stages(name).observe(seconds),
    upstream: (service, status, seconds) => upstreams(known(service))(statusClass(status)).observe(seconds),
    paceWait: (actionClass, seconds) => waits(actionClass).observe(seconds),
    policyEvaluation: (engine, seconds) => engines(engine).observe(seconds),
    ...gauges(registry),
    ...approval.metrics,
    ...driftMetrics(registry),
    ...ruleMetrics(registry),
    ...capacityMetrics(registry),
    async text() {
      const parts = [...Object.values(durations), approval.durations].map((each) => each.text())
      return `${await registry.metrics()}\n${parts.join('\n')}`
    },
    contentType: registry.contentType,
  }
}

/** Adds the default metrics of the process, but for gauges that are named like counters: they are sums of others. */
function processMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry })
  for (const what of ['handles', 'requests', 'resources'])
    registry.removeSingleMetric(`nodejs_active_${what}_total`)
}

function histogram(name: string, help: string, labelNames: string[], bucketsSeconds: number[]): Durations {
  return new Durations({ name, help, labelNames, bucketsSeconds })
}

function durationMetrics(): Record<'request' | 'stage' | 'upstream' | 'wait' | 'policy', Durations> {
  return {
    request: histogram(
      'moderato_request_duration_seconds',
      'Time from arrival to the end of the answer, including waits.',
      ['class', 'decision'],
      REQUEST_SECONDS,
    ),
    stage: histogram(
      'moderato_stage_duration_seconds',
      'Time spent in each stage.',
      ['stage'],
      STAGE_SECONDS,
    ),
    upstream: histogram(
      'moderato_upstream_duration_seconds',
      'Time from the first byte sent upstream to the end of its answer.',
      ['service', 'status_class'],
      REQUEST_SECONDS,
    ),
    wait: histogram(
      'moderato_pace_wait_seconds',
      'Time that calls were held that passed their pace; those that passed at once are in the bucket 0.',
      ['class'],
      WAIT_SECONDS,
    ),
    policy: histogram(
      'moderato_policy_evaluation_seconds',
      'Time to evaluate the policy for one call.',
      ['engine'],
      POLICY_SECONDS,
    ),
  }
}

type Gauges = Pick<
  Metrics,
  'queueDepth' | 'policyBundle' | 'enforcing' | 'auditRecords' | 'auditLag' | 'stateUp' | 'stateTrusted'
> &
  OperationMetrics

function gauges(registry: Registry): Gauges {
  const registers = [registry]
  const depth = new Gauge({
    name: 'moderato_pace_queue_depth',
    help: 'Calls that wait for their turn.',
    labelNames: ['class'],
    registers,
  })
  for (const name of ACTION_CLASSES) depth.set({ class: name }, 0)
  const bundle = new Gauge({
    name: 'moderato_policy_bundle_info',
    help: 'The policy bundle in force.',
    labelNames: ['revision'],
    registers,
  })
  const audit = auditGauges(registry)
  const state = stateGauges(registry)
  const enforcing = sampledGauge(
    registry,
    'moderato_enforcing',
    '1 if policy and pace are enforced; 0 in observe mode.',
  )
  return {
    ...audit,
    ...state,
    ...operations(registry),
    queueDepth: (actionClass, waiting) => depth.set({ class: actionClass }, waiting),
    policyBundle(revision) {
      bundle.reset()
      bundle.set({ revision }, 1)
    },
    enforcing: (source) => enforcing(() => (source() ? 1 : 0)),
  }
}

function stateGauges(registry: Registry): Pick<Metrics, 'stateUp' | 'stateTrusted'> {
  const up = sampledGauge(
    registry,
    'moderato_state_up',
    '1 while the state store answers; 0 if not: then calls that change something are refused.',
  )
  const trusted = sampledGauge(
    registry,
    'moderato_state_trusted',
    '1 while what the state store holds can be trusted; 0 if not: then calls that change something are refused.',
  )
  return {
    stateUp: (source) => up(() => (source() ? 1 : 0)),
    stateTrusted: (source) => trusted(() => (source() ? 1 : 0)),
  }
}

function auditGauges(registry: Registry): Pick<Metrics, 'auditRecords' | 'auditLag'> {
  const records = new Counter({
    name: 'moderato_audit_records_total',
    help: 'Audit records made durable.',
    registers: [registry],
  })
  let lagSeconds: (() => number) | undefined
  const lag: Gauge = new Gauge({
    name: 'moderato_audit_lag_seconds',
    help: 'Age of the oldest audit record that is not durable yet.',
    registers: [registry],
    collect(): void {
      lag.set(lagSeconds?.() ?? 0)
    },
  })
  return {
    auditRecords: (written) => records.inc(written),
    auditLag(source) {
      lagSeconds = source
    },
  }
}

function statusClass(status: number | undefined): string {
  return status === undefined ? 'none' : `${Math.floor(status / 100)}xx`
}
