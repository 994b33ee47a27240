/** What Prometheus reads of watchers. */
import { Counter, type Registry } from 'prom-client'

export interface DriftMetrics {
  drift(detector: string, response: string): void
}

/** Registers them. */
export function driftMetrics(registry: Registry): DriftMetrics {
  const drift = new Counter({
    name: 'moderato_drift_total',
    help: 'What watchers found in the doings of agents, and what was done about it.',
    labelNames: ['detector', 'response'],
    registers: [registry],
  })
  return { drift: (detector, response) => drift.inc({ detector, response }) }
}
