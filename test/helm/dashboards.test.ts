/** The dashboards of the chart: what their sources say, asking for metrics that exist, and showing labels as text. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { boards } from '../../helm/dashboards/boards.ts'
import { dashboardFiles, queried } from '../support/dashboards.ts'
import { ROOT } from '../support/markdown.ts'
import { ODD } from '../support/monitored-scene.ts'

const FILES = dashboardFiles()
const METRICS = new Set(
  [...readFileSync(join(ROOT, 'docs/metrics.md'), 'utf8').matchAll(/^\| `(moderato_\w+)` \|/gm)].map(
    ([, name = '']) => name,
  ),
)

describe('the dashboards', () => {
  it('are what their sources say (npm run dashboards writes them)', () => {
    const written = Object.fromEntries(
      globSync('*', { cwd: join(ROOT, 'helm/moderato/dashboards') }).map((file) => [
        file,
        readFileSync(join(ROOT, 'helm/moderato/dashboards', file), 'utf8'),
      ]),
    )
    expect(written).toEqual(Object.fromEntries(boards().map(({ file, text }) => [file, text])))
  })

  it('are for SREs, for operators, and for an incident', () => {
    expect(FILES.map(({ uid }) => uid)).toEqual(['moderato-agent', 'moderato-operators', 'moderato-service'])
  })

  it.each(FILES)('$file asks for metrics that exist', (file) => {
    const names = queried(file).flatMap(({ targets }) =>
      targets.flatMap(({ expr }) => [...expr.matchAll(/\bmoderato_\w+/g)].map(([name]) => name)),
    )
    const unknown = names.filter(
      (name) => !METRICS.has(name) && !METRICS.has(name.replace(/_(?:bucket|count|sum)$/, '')),
    )
    expect(names.length).toBeGreaterThan(0)
    expect(unknown).toEqual([])
  })

  it.each(FILES)('$file says what each panel answers, and has few of them', (file) => {
    const panels = queried(file)
    expect(panels.length).toBeLessThanOrEqual(18)
    expect(panels.filter(({ description = '' }) => !description.includes('?'))).toEqual([])
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length)
    expect(file.panels.map(({ id }) => id)).toEqual(file.panels.map((_, index) => index + 1))
  })

  it.each(FILES)('$file shows the newest value where it shows one', ({ panels }) => {
    for (const { options } of panels.filter(({ type }) => type === 'stat'))
      expect(options).toMatchObject({ reduceOptions: { calcs: ['lastNotNull'] } })
  })

  it.each(FILES)('$file has its panels side by side', ({ panels }) => {
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
    )
    expect(new Set(cells).size).toBe(cells.length)
    expect(panels.filter(({ gridPos: { x, w } }) => x + w > 24)).toEqual([])
  })

  it.each(FILES)('$file takes its data from the chosen Prometheus and the chosen replicas', (file) => {
    for (const { datasource, targets } of queried(file)) {
      expect(datasource).toEqual({ type: 'prometheus', uid: '${datasource}' })
      for (const { expr } of targets) {
        const selectors = [...expr.matchAll(/\b(?:moderato|process|nodejs)_\w+(\{)?/g)]
        expect(selectors.every(([, brace]) => brace === '{')).toBe(true)
        expect(expr.split('{job=~"$job", instance=~"$instance"').length).toBe(expr.split('{').length)
      }
    }
  })
})

describe('what an agent chose', () => {
  it.each(FILES)('is nowhere read as markup in $file', ({ panels, text }) => {
    // Grafana shows legends and cells as text. Markup is in text panels, descriptions,
    // links and actions, and in cells that say so.
    for (const { title, description } of panels) expect(`${title}${description}`).not.toMatch(/\$|\[\[|\{\{/)
    for (const { type, options } of panels)
      if (type === 'text') {
        expect(options).toMatchObject({ mode: 'markdown' })
        expect(String(options['content'])).not.toMatch(/\$|\[\[|\{\{/)
      }
    expect(text).not.toMatch(/"mode": "html"|"links": \[\s*\{|"actions"|"type": "(?:markdown|html|image)"/)
  })

  it('stays inside its quotes in queries', () => {
    const texts = FILES.map(({ text }) => text).join('')
    expect(texts).toContain(String.raw`agent=~\"$agent\"`)
    expect(texts.replaceAll(String.raw`agent=~\"$agent\"`, '')).not.toMatch(/\$\{?agent|\[\[agent/)
    const variable = FILES.flatMap(({ templating }) => templating.list).find(({ name }) => name === 'agent')
    // Grafana escapes values of a pattern if several may be chosen, but for quotes: an id with one is not offered.
    expect(variable).toMatchObject({ multi: true, allValue: '.+' })
    const [, pattern = ''] = /^\/(.*)\/$/.exec(variable?.regex ?? '') ?? []
    expect(new RegExp(pattern).test(String.raw`spiffe://example.org/agent/<b>{{x}}</b>\'$`)).toBe(true)
    expect(new RegExp(pattern).test(ODD.id)).toBe(false)
  })
})

it.each(FILES)('$file takes "all" jobs and replicas for those of Moderato', ({ templating }) => {
  // Other jobs have `up` and metrics of their processes, too.
  const wide = templating.list.filter(({ allValue }) => allValue !== undefined)
  expect(wide.map(({ name }) => name).filter((name) => name !== 'agent')).toEqual([])
})
