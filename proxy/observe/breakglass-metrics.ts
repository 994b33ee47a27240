/** Defines the Prometheus metrics of break-glass. */
import { Counter, Gauge, type Registry } from 'prom-client'
import { ACTION_CLASSES } from '../core/action-class.ts'
import { REQUEST_DECISIONS } from './request-counters.ts'

/** Records the metrics of break-glass. */
export interface BreakglassMetrics {
  /** Sets the function that a scrape calls for the number of open ones. */
  breakglassActive(source: () => number): void
  /** Counts a finished call of an agent for which one is open. */
  breakglassCall(actionClass: string, decision: string): void
}

/** Registers the metrics. */
export function breakglassMetrics(registry: Registry): BreakglassMetrics {
  const registers = [registry]
  let open: (() => number) | undefined
  const active: Gauge = new Gauge({
    name: 'moderato_breakglass_active',
    help: 'Break-glasses that are open.',
    registers,
    collect(): void {
      active.set(open?.() ?? 0)
    },
  })
  const calls = new Counter({
    name: 'moderato_breakglass_calls_total',
    help: 'Calls of agents while a break-glass was open for them.',
    labelNames: ['class', 'decision'],
    registers,
  })
  for (const name of ACTION_CLASSES)
    for (const decision of REQUEST_DECISIONS) calls.inc({ class: name, decision }, 0)
  return {
    breakglassActive(source) {
      open = source
    },
    breakglassCall: (actionClass, decision) => calls.inc({ class: actionClass, decision }),
  }
}
