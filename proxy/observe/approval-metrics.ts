/** Defines the Prometheus metrics of approvals. */
import { Counter, Gauge, type Registry } from 'prom-client'

/** Records the metrics of approvals. */
export interface ApprovalMetrics {
  /** Sets the function that a scrape calls for the number of approvals that wait for people. */
  approvalsPending(source: () => number): void
  approvalDecision(decision: { readonly approve: boolean; readonly channel: string }): void
}

/** Registers the metrics. */
export function approvalMetrics(registry: Registry): ApprovalMetrics {
  const registers = [registry]
  let waiting: (() => number) | undefined
  const pending: Gauge = new Gauge({
    name: 'moderato_approvals_pending',
    help: 'Approvals that wait for people, over all replicas.',
    registers,
    collect(): void {
      pending.set(waiting?.() ?? 0)
    },
  })
  const decisions = new Counter({
    name: 'moderato_approval_decisions_total',
    help: 'Decisions of people on approvals, by decision and by channel.',
    labelNames: ['decision', 'channel'],
    registers,
  })
  return {
    approvalsPending(source) {
      waiting = source
    },
    approvalDecision: ({ approve, channel }) =>
      decisions.inc({ decision: approve ? 'approve' : 'deny', channel }),
  }
}
