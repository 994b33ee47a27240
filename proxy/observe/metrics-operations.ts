/** Defines the Prometheus metrics of operators' actions. */
import { Counter, Gauge, type Registry } from 'prom-client'
import { sampledGauge } from './sampled.ts'
import { NODE_VERSION, VERSION } from '../core/version.ts'
import { breakglassMetrics, type BreakglassMetrics } from './breakglass-metrics.ts'
import { sessionMetrics, type SessionMetrics } from './session-metrics.ts'

export const RELOAD_RESULTS = ['applied', 'unchanged', 'refused'] as const
export type ReloadResult = (typeof RELOAD_RESULTS)[number]

/** Records the metrics of operators' actions. */
export interface OperationMetrics extends BreakglassMetrics, SessionMetrics {
  /** Sets the function that a scrape calls for the number of freezes in force, by source. */
  freezes(source: () => Readonly<Record<'operator' | 'schedule', number>>): void
  /** Sets the function that a scrape calls for the number of quarantines in force. */
  quarantines(source: () => number): void
  /** Counts a reload of the configuration by its result. */
  reload(result: ReloadResult): void
}

/** Registers the metrics. */
export function operations(registry: Registry): OperationMetrics {
  const registers = [registry]
  buildInfo(registers)
  const reloads = new Counter({
    name: 'moderato_config_reloads_total',
    help: 'Reloads of the configuration by result.',
    labelNames: ['result'],
    registers,
  })
  for (const result of RELOAD_RESULTS) reloads.inc({ result }, 0)
  const { good, at } = reloadGauges(registers)
  // The start loaded the configuration, or these metrics would not be.
  good.set(1)
  at.setToCurrentTime()
  return {
    quarantines: sampledGauge(
      registry,
      'moderato_quarantines_active',
      'Agents in quarantine, over all replicas.',
    ),
    ...breakglassMetrics(registry),
    ...sessionMetrics(registry),
    freezes: freezeGauge(registers),
    reload(result) {
      reloads.inc({ result })
      good.set(result === 'refused' ? 0 : 1)
      at.setToCurrentTime()
    },
  }
}

function reloadGauges(registers: Registry[]): { readonly good: Gauge; readonly at: Gauge } {
  return {
    good: new Gauge({
      name: 'moderato_config_last_reload_success',
      help: '1 if the last reload (or the start) took the configuration; 0 if it was refused.',
      registers,
    }),
    at: new Gauge({
      name: 'moderato_config_last_reload_timestamp_seconds',
      help: 'Time of the last reload, or of the start.',
      registers,
    }),
  }
}

function buildInfo(registers: Registry[]): void {
  new Gauge({
    name: 'moderato_build_info',
    help: 'Always 1; its labels are the versions of Moderato and of Node.',
    labelNames: ['version', 'node'],
    registers,
  }).set({ version: VERSION, node: NODE_VERSION }, 1)
}

function freezeGauge(registers: Registry[]): OperationMetrics['freezes'] {
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
  return (source) => {
    inForce = source
  }
}
