/** What each request leaves in the metrics, and in the records where no run of it does. */
import { randomUUID } from 'node:crypto'
import type { Metrics } from '../observe/metrics.ts'
import type { Services } from './services.ts'
import { unreadableFields } from '../pipeline/audit-fields.ts'
import type { Outcome } from '../exchange/outcome.ts'

/** Records and counts what no parser takes for a request; returns the id of its record. */
export function unreadable({ refusals, metrics }: Services): (address: string) => string {
  return (address) => {
    const requestId = randomUUID()
    refusals.unverified.record(unreadableFields(requestId, address))
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

/** Returns what is told of each request that is over: metrics, approvals, watchers, break-glass, and its task's end. */
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

function count({ exchange, decision, reason, durationMs }: Outcome, metrics: Metrics): void {
  const service = exchange.call?.service ?? 'unknown'
  metrics.request({
    service,
    class: exchange.call?.class ?? 'unknown',
    decision,
    reason,
    durationSeconds: durationMs / 1000,
    agent: exchange.payload === undefined ? undefined : exchange.agent?.id,
  })
  const { upstream } = exchange
  if (upstream !== undefined) metrics.upstream(service, upstream.status, upstream.durationMs / 1000)
}

export function paceMetrics(metrics: Metrics) {
  return {
    waited: (label: Parameters<Metrics['paceWait']>[0], seconds: number) => metrics.paceWait(label, seconds),
    depth: (label: Parameters<Metrics['queueDepth']>[0], held: number) => metrics.queueDepth(label, held),
  }
}
