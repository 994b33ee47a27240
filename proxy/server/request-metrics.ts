/** What each request leaves in the metrics, and in the records where no run of it does. */
import { randomUUID } from 'node:crypto'
import type { Metrics } from '../observe/metrics.ts'
import type { Parts } from './services.ts'
import { unreadableFields } from '../pipeline/audit-fields.ts'
import type { Outcome } from '../exchange/outcome.ts'

/** What no parser takes for a request leaves a record and a metric too. */
export function unreadable({ refusals, metrics }: Parts): (address: string) => string {
  return (address) => {
    const requestId = randomUUID()
    refusals.record(unreadableFields(requestId, address))
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

/** One request, over: its metrics, and what approvals, watchers and break-glass make of it. */
export function observeOutcome({
  metrics,
  approvals,
  watch,
  breakglass,
  endings,
}: Parts): (outcome: Outcome) => void {
  return (outcome) => {
    approvals.ended(outcome.exchange)
    count(outcome, metrics)
    watch.see(outcome)
    breakglass.finished(outcome)
    endings.finished(outcome)
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
