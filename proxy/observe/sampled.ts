/** Defines gauges whose values are asked for at each scrape, so that they cost nothing between two scrapes. */
import { Gauge, type Registry } from 'prom-client'
import type { MaybePromise } from '../core/maybe-promise.ts'

/** Returns the value now; undefined where there is none, and then there is no sample. */
export type SampleSource = () => MaybePromise<number | undefined>
/** Returns the value of each value of the label; undefined where none can be had now. */
export type LabelledSource = () => MaybePromise<Iterable<readonly [string, number]> | undefined>

/** Registers a gauge; it has no sample until its source is set. */
export function sampledGauge(registry: Registry, name: string, help: string): (source: SampleSource) => void {
  let source: SampleSource | undefined
  const gauge: Gauge = new Gauge({
    name,
    help,
    registers: [registry],
    async collect() {
      const value = await source?.()
      if (value === undefined) gauge.remove()
      else gauge.set(value)
    },
  })
  return (given) => {
    source = given
  }
}

/** Registers a gauge with one label, whose values must be bounded. */
export function labelledGauge(
  registry: Registry,
  { name, help, label }: { readonly name: string; readonly help: string; readonly label: string },
): (source: LabelledSource) => void {
  let source: LabelledSource | undefined
  const gauge: Gauge = new Gauge({
    name,
    help,
    labelNames: [label],
    registers: [registry],
    async collect() {
      const values = await source?.()
      gauge.reset()
      for (const [name, value] of values ?? []) gauge.set({ [label]: name }, value)
    },
  })
  return (given) => {
    source = given
  }
}
