/** Defines the Prometheus metrics of watchers. */
import { Counter, type Registry } from 'prom-client'

export interface DriftMetrics {
  drift(detector: string, response: string): void
  /** Begins the series of detectors with the responses that they are configured with at 0. */
  detectorsInForce(responses: Iterable<readonly [detector: string, response: string]>): void
}

/** Registers the metrics. */
export function driftMetrics(registry: Registry): DriftMetrics {
  const drift = new Counter({
    name: 'moderato_drift_total',
    help: 'Findings of watchers about agents, by detector and by response.',
    labelNames: ['detector', 'response'],
    registers: [registry],
  })
  return {
    drift: (detector, response) => drift.inc({ detector, response }),
    detectorsInForce(responses) {
      for (const [detector, response] of responses) drift.inc({ detector, response }, 0)
    },
  }
}
