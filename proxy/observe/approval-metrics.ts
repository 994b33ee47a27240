/** What Prometheus reads of approvals. */
import { Counter, Gauge, type Registry } from 'prom-client'

export interface ApprovalMetrics {
  /** Where a scrape reads how many approvals wait for people. */
  approvalsPending(source: () => number): void
  approvalDecision(decision: { readonly approve: boolean; readonly channel: string }): void
}

/** Registers them. */
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
    help: 'Decisions of people on approvals, and how the people were known.',
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
