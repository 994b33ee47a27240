/** Defines the Prometheus metrics of operators' actions. */
import { Counter, Gauge, type Registry } from 'prom-client'
import { NODE_VERSION, VERSION } from '../core/version.ts'
import { breakglassMetrics, type BreakglassMetrics } from './breakglass-metrics.ts'
import { sessionMetrics, type SessionMetrics } from './session-metrics.ts'

export type ReloadResult = 'applied' | 'unchanged' | 'refused'

/** Records the metrics of operators' actions. */
export interface OperationMetrics extends BreakglassMetrics, SessionMetrics {
  /** Sets the function that a scrape calls for the number of freezes in force, by source. */
  freezes(source: () => Readonly<Record<'operator' | 'schedule', number>>): void
  /** Counts a reload of the configuration by its result. */
  reload(result: ReloadResult): void
}

/** Registers the metrics. */
export function operations(registry: Registry): OperationMetrics {
  const registers = [registry]
  new Gauge({
    name: 'moderato_build_info',
    help: 'Always 1; its labels are the versions of Moderato and of Node.',
    labelNames: ['version', 'node'],
    registers,
  }).set({ version: VERSION, node: NODE_VERSION }, 1)
  let inForce: (() => Readonly<Record<string, number>>) | undefined
  const freezes: Gauge<'source'> = new Gauge({
    name: 'moderato_freezes_active',
    help: 'Freezes in force: set by operators, and by the calendar.',
    labelNames: ['source'],
    registers,
    collect(): void {
      for (const [source, count] of Object.entries(inForce?.() ?? {})) freezes.set({ source }, count)
    },
  })
  const reloads = new Counter({
    name: 'moderato_config_reloads_total',
    help: 'Reloads of the configuration by result.',
    labelNames: ['result'],
    registers,
  })
  return {
    ...breakglassMetrics(registry),
    ...sessionMetrics(registry),
    freezes(source) {
      inForce = source
    },
    reload: (result) => reloads.inc({ result }),
  }
}
