/** Counts each request in the metrics, and records unreadable ones. */
import { randomUUID } from 'node:crypto'
import type { Metrics } from '../observe/metrics.ts'
import type { Services } from './services.ts'
import { unreadableFields } from '../pipeline/audit-fields.ts'
import type { Outcome } from '../exchange/outcome.ts'
import type { RecordUnreadable } from './unreadable.ts'
import { countRules, paceOutcome, wouldFacts } from './rule-counts.ts'

/** Returns a function that records and counts bytes that are not a request, and returns the id of the record. */
export function unreadable({ refusals, metrics }: Services): RecordUnreadable {
  return (address, words) => {
    const requestId = randomUUID()
    refusals.unverified.record(unreadableFields(requestId, address, words))
    metrics.request({
      service: 'unknown',
      class: 'unknown',
      decision: 'deny',
      reason: 'malformed_request',
      durationSeconds: 0,
      agent: undefined,
    })
    return requestId
  }
}

/** Returns a function that passes each outcome to approvals, metrics, watchers, break-glass and the endings of tasks. */
export function observeOutcome(services: Services): (outcome: Outcome) => void {
  const { metrics, approvals, watching, breakglass, identity } = services
  return (outcome) => {
    approvals.ended(outcome.exchange)
    count(outcome, metrics)
    watching.watch.see(outcome)
    breakglass.finished(outcome)
    identity.endings.finished(outcome)
  }
}

function count(outcome: Outcome, metrics: Metrics): void {
  const { exchange, decision, reason, durationMs } = outcome
  const service = exchange.call?.service ?? 'unknown'
  metrics.request({
    service,
    class: exchange.call?.class ?? 'unknown',
    decision,
    reason,
    durationSeconds: durationMs / 1000,
    agent: exchange.payload === undefined ? undefined : exchange.agent?.id,
    pace: paceOutcome(outcome),
    would: wouldFacts(exchange),
  })
  countRules(outcome, metrics)
  const { upstream } = exchange
  if (upstream !== undefined) metrics.upstream(service, upstream.status, upstream.durationMs / 1000)
}

/** Returns the metrics of the pace stage. */
export function paceMetrics(metrics: Metrics) {
  return {
    waited: (label: Parameters<Metrics['paceWait']>[0], seconds: number) => metrics.paceWait(label, seconds),
    depth: (label: Parameters<Metrics['queueDepth']>[0], held: number) => metrics.queueDepth(label, held),
  }
}
