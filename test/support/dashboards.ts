/** Reads the dashboards of the chart as Grafana does. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { ROOT } from './markdown.ts'

const Panel = z.looseObject({
  id: z.number(),
  type: z.string(),
  title: z.string(),
  gridPos: z.object({ x: z.int(), y: z.int(), w: z.int(), h: z.int() }),
  description: z.string().optional(),
  datasource: z.object({ type: z.string(), uid: z.string() }).optional(),
  options: z.record(z.string(), z.unknown()).default({}),
  targets: z
    .array(z.looseObject({ refId: z.string(), expr: z.string(), legendFormat: z.string() }))
    .default([]),
})

const Dashboard = z.looseObject({
  uid: z.string(),
  title: z.string(),
  templating: z.object({
    list: z.array(
      z.looseObject({
        name: z.string(),
        type: z.string(),
        query: z.string(),
        regex: z.string().optional(),
        multi: z.boolean(),
        allValue: z.string().optional(),
      }),
    ),
  }),
  panels: z.array(Panel),
})

export type DashboardFile = z.output<typeof Dashboard> & { readonly file: string; readonly text: string }

/** Returns every dashboard of the chart; `file` is its path from the root of the checkout. */
export function dashboardFiles(): readonly DashboardFile[] {
  return globSync('helm/moderato/dashboards/*.json', { cwd: ROOT })
    .toSorted()
    .map((file) => {
      const text = readFileSync(join(ROOT, file), 'utf8')
      return { ...Dashboard.parse(JSON.parse(text)), file, text }
    })
}

/** Returns the panels that show something of Prometheus. */
export function queried({ panels }: DashboardFile): DashboardFile['panels'] {
  return panels.filter(({ type }) => type !== 'row' && type !== 'text')
}

/** Returns an expression with its variables replaced as Grafana replaces them. No agent stands for all of them. */
export function interpolated(expression: string, agent?: string): string {
  return expression
    .replaceAll('$__rate_interval', '10s')
    .replaceAll('$__range', '1h')
    .replaceAll('$job', 'moderato')
    .replaceAll('$instance', '.+')
    .replaceAll('$agent', () => (agent === undefined ? '.+' : escaped(agent)))
}

/** Escapes a value for a pattern in a query as Grafana does where several may be chosen: quotes stay as they are. */
function escaped(value: string): string {
  return value.replaceAll('\\', String.raw`\\\\`).replaceAll(/[$^*{}[\]'+?.()|]/g, String.raw`\\$&`)
}
