/** Every query of every panel, asked of a real Prometheus that scraped the incidents. */
import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BUILDER } from '../support/agents.ts'
import { dashboardFiles, interpolated, queried } from '../support/dashboards.ts'
import { CI, ODD, openMonitoredScene, type MonitoredScene } from '../support/monitored-scene.ts'
import { BOTO3, missing, MOTO, PROMETHEUS, PROMTOOL } from '../support/tools.ts'

const WITHIN = { timeout: 30_000, interval: 250 }
const FILES = dashboardFiles()
const QUERIES = FILES.flatMap((file) =>
  queried(file).flatMap(({ title, targets }) =>
    targets.map(({ refId, expr }) => ({ file: file.uid, title, refId, expr })),
  ),
)
const VARIABLES = FILES.flatMap(({ uid, templating }) =>
  templating.list.filter(({ type }) => type === 'query').map(({ name, query }) => ({ uid, name, query })),
)

describe.skipIf(missing(PROMETHEUS, PROMTOOL, MOTO, BOTO3))('the dashboards', { timeout: 180_000 }, () => {
  let scene: MonitoredScene

  beforeAll(async () => {
    scene = await openMonitoredScene()
  }, 120_000)
  afterAll(() => scene?.stop())

  /** Returns what a panel shows: NaN is drawn as nothing. */
  const shown = async (expression: string, agent?: string) =>
    (await scene.prometheus.query(interpolated(expression, agent))).filter(
      ({ value }) => !Number.isNaN(value),
    )

  it.each(QUERIES)('show something: $file, $title, $refId', async ({ expr }) => {
    await expect.poll(async () => (await shown(expr, BUILDER.id)).length, WITHIN).toBeGreaterThan(0)
  })

  it.each(VARIABLES)('offer values: $uid, $name', async ({ query }) => {
    const [, selector = '', label = ''] = /^label_values\((.+), (\w+)\)$/.exec(query) ?? []
    const found = await scene.prometheus.query(`count by (${label}) (${interpolated(selector)})`)
    expect(found.length).toBeGreaterThan(0)
  })

  it('show one agent alone, or all of them, whatever their ids are made of', async () => {
    const [calls = ''] = QUERIES.flatMap(({ title, expr }) =>
      title === 'Calls in the time range' ? [expr] : [],
    )
    const classes = async (agent?: string) =>
      new Set((await shown(calls, agent)).map(({ labels }) => labels['class']))
    await expect.poll(async () => [...(await classes(CI.id))], WITHIN).toEqual(['list'])
    expect([...(await classes())]).toEqual(expect.arrayContaining([...(await classes(BUILDER.id))]))
    expect([...(await classes(BUILDER.id))]).toContain('destructive')
    const [table = ''] = QUERIES.flatMap(({ file, title, expr }) =>
      file === 'moderato-agent' && title === 'Refusals' ? [expr] : [],
    )
    await expect
      .poll(async () => (await shown(table)).map(({ labels }) => labels['agent']), WITHIN)
      .toEqual(expect.arrayContaining([BUILDER.id, ODD.id]))
  })

  it('tell of what went wrong: the refused reload, and the replica that observes', async () => {
    const now = QUERIES.filter(({ title }) => title === 'Wrong on so many replicas')
    const values = await Promise.all(now.map(async ({ expr }) => (await shown(expr))[0]?.value))
    // Down, without state store, reload refused, not enforcing.
    expect(values).toEqual([0, 0, 1, 1])
  })

  it('have their alerts: the rules find what happened, and say whose it was', async () => {
    const firing = async () =>
      (await scene.prometheus.query('ALERTS{alertstate="firing"}')).map(({ labels }) => labels)
    const wanted = [
      { alertname: 'ModeratoDrift', severity: 'warning' },
      { alertname: 'ModeratoQuarantine', severity: 'warning' },
      { alertname: 'ModeratoAgentRefused', agent: ODD.id },
      { alertname: 'ModeratoAgentDestroys', agent: BUILDER.id },
    ]
    await expect
      .poll(firing, { ...WITHIN, timeout: 90_000 })
      .toEqual(expect.arrayContaining(wanted.map((labels) => expect.objectContaining(labels))))
  })

  it.each(['observing', 'enforcing'] as const)('%s: promtool finds no fault in the metrics', async (name) => {
    const input = await (await fetch(`${scene[name].adminUrl}/metrics`)).text()
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
      input,
      encoding: 'utf8',
    })
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' })
  })
})
