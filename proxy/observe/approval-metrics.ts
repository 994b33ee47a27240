/** Defines the Prometheus metrics of approvals. */
import { Counter, type Registry } from 'prom-client'
import { Durations, type DurationsOptions } from './durations.ts'
import { sampledGauge, type SampleSource } from './sampled.ts'

/** Records the metrics of approvals. */
export interface ApprovalMetrics {
  /** Sets the function that a scrape calls for the number of approvals that wait for people. */
  approvalsPending(source: () => number): void
  /** Sets the function that a scrape calls for the age of the oldest of them, in seconds; 0 if none waits. */
  approvalOldest(source: SampleSource): void
  /** Counts a decision, `afterSeconds` after its approval was asked for. */
  approvalDecision(
    decision: { readonly approve: boolean; readonly channel: string },
    afterSeconds: number,
  ): void
}

/** The ways by which people are known (`PersonDecision`). */
const CHANNELS = ['token', 'certificate', 'callback']
const DECISIONS = ['approve', 'deny'] as const
/** From seconds to the day after. */
const DECISION_SECONDS = [5, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 14_400, 86_400]

const DECISION_TIMES: DurationsOptions = {
  name: 'moderato_approval_decision_seconds',
  help: 'Time from the request for an approval to a decision of a person.',
  labelNames: ['decision'],
  bucketsSeconds: DECISION_SECONDS,
}

/** Registers the metrics; the histogram, which is none of prom-client, is written by the caller. */
export function approvalMetrics(registry: Registry): {
  readonly metrics: ApprovalMetrics
  readonly durations: Durations
} {
  const decisions = new Counter({
    name: 'moderato_approval_decisions_total',
    help: 'Decisions of people on approvals, by decision and by channel.',
    labelNames: ['decision', 'channel'],
    registers: [registry],
  })
  const durations = new Durations(DECISION_TIMES)
  for (const decision of DECISIONS) {
    durations.series(decision)
    for (const channel of CHANNELS) decisions.inc({ decision, channel }, 0)
  }
  return {
    durations,
    metrics: {
      approvalsPending: sampledGauge(
        registry,
        'moderato_approvals_pending',
        'Approvals that wait for people, over all replicas.',
      ),
      approvalOldest: sampledGauge(
        registry,
        'moderato_approval_oldest_seconds',
        'Age of the oldest approval that waits for people; 0 if none waits.',
      ),
      approvalDecision({ approve, channel }, afterSeconds) {
        const decision = approve ? 'approve' : 'deny'
        decisions.inc({ decision, channel })
        durations.series(decision).observe(afterSeconds)
      },
    },
  }
}
