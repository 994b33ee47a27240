/** What operators did, as Prometheus reads it. */
import { Counter, Gauge, type Registry } from 'prom-client'
import { NODE_VERSION, VERSION } from '../core/version.ts'
import { breakglassMetrics, type BreakglassMetrics } from './breakglass-metrics.ts'
import { sessionMetrics, type SessionMetrics } from './session-metrics.ts'

export type ReloadResult = 'applied' | 'unchanged' | 'refused'

export interface OperationMetrics extends BreakglassMetrics, SessionMetrics {
  /** Where a scrape reads how many freezes are in force, by whose they are. */
  freezes(source: () => Readonly<Record<'operator' | 'schedule', number>>): void
  /** A reload of the configuration, by what became of it. */
  reload(result: ReloadResult): void
}

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
    help: 'Freezes in force: of operators, and of the calendar.',
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
