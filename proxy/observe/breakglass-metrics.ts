/** What Prometheus reads of break-glass. */
import { Counter, Gauge, type Registry } from 'prom-client'

export interface BreakglassMetrics {
  /** Where a scrape reads how many are open. */
  breakglassActive(source: () => number): void
  /** One call of an agent for which one is open, over. */
  breakglassCall(actionClass: string, decision: string): void
}

/** Registers them. */
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
  return {
    breakglassActive(source) {
      open = source
    },
    breakglassCall: (actionClass, decision) => calls.inc({ class: actionClass, decision }),
  }
}
