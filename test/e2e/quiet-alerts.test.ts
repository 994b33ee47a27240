/**
 * No alert fires, and none is even pending, over normal work. The scenarios are played through a real proxy, whose metrics
 * are read between the calls. Time passes on paper: promtool gets what was read at the minutes that the scenario says.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { play, scenarios, type Step } from '../scenarios/scenario.ts'
import { BUILDER, UPSTREAM_KEY, type TestAgent } from '../support/agents.ts'
import { ROOT } from '../support/markdown.ts'
import { freshMoto } from '../support/moto.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { alertRules, RULE_FILES, rules } from '../support/rules.ts'
import { BOTO3, missing, MOTO, PROMTOOL } from '../support/tools.ts'

/** Moto has no accounts of its own for keys that it does not know. */
const OPERATOR: TestAgent = { ...BUILDER, ...UPSTREAM_KEY }
/** Minutes without a call before, and after: longer than any alert looks back or waits. */
const BEFORE = 15
const AFTER = 75
const REPLICA = 'job="moderato", instance="a:8081"'

/** Values by series, and the second on paper at which they were so. */
interface Reading {
  readonly second: number
  readonly values: ReadonlyMap<string, string>
}

describe.skipIf(missing(PROMTOOL, MOTO, BOTO3))('the alerts', () => {
  let proxy: Proxy
  let moto: string

  beforeAll(async () => {
    moto = await freshMoto()
    proxy = await startProxy({ upstream: moto, agents: [BUILDER] })
  })
  afterAll(() => proxy?.stop())

  it.each([
    ['s8-benign', 60],
    ['s8-ci', 300],
  ])('are quiet over %s', async (name, everySeconds) => {
    const readings = await played(name, everySeconds)
    expect(await promtool(readings)).toEqual({ status: 0, alerts: [] })
    // They would not be, if it were not so normal.
    expect(await promtool(changed(readings, /_requests_total.*agent=.*"destructive"/, 100))).toEqual({
      status: 1,
      alerts: ['ModeratoAgentDestroys'],
    })
  })

  /** Plays a scenario in parts of so many seconds, and reads the metrics after each. */
  async function played(name: string, everySeconds: number): Promise<readonly Reading[]> {
    const { setup, benign } = new Map(scenarios()).get(name) ?? {}
    if (setup === undefined || benign === undefined) throw new Error(`there is no scenario ${name}`)
    // test/e2e/scenarios.test.ts finds that nothing trips when time passes as it should; here it passes too fast.
    expect(benign.trips).toEqual([])
    let { saved } = await play(moto, OPERATOR, setup)
    const readings = [{ second: 0, values: await read(proxy) }]
    for (const { second, steps } of parts(benign.steps, everySeconds)) {
      const answers = await play(proxy.url, BUILDER, steps, saved)
      expect(answers.results.filter(({ code }) => code !== null)).toEqual([])
      ;({ saved } = answers)
      readings.push({ second, values: await read(proxy) })
    }
    expect(readings.length).toBeGreaterThan(2)
    return readings
  }
})

function parts(steps: readonly Step[], everySeconds: number): { second: number; steps: Step[] }[] {
  const found: { second: number; steps: Step[] }[] = []
  let second = 0
  let begun = -Infinity
  for (const step of steps) {
    second += step.after * step.times
    if (second - begun >= everySeconds) {
      begun = second
      found.push({ second, steps: [] })
    }
    found.at(-1)?.steps.push(step)
  }
  return found
}

/** Reads those metrics that the rules ask for. */
async function read({ adminUrl }: Proxy): Promise<ReadonlyMap<string, string>> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text()
  const asked = rules()
    .map(({ expr }) => expr)
    .join(' ')
  const values = new Map([
    [`up{${REPLICA}}`, '1'],
    [`process_start_time_seconds{${REPLICA}}`, '0'],
  ])
  for (const line of text.split('\n')) {
    const [, name = '', labels = '', value = ''] = /^(moderato_\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
    // Upstream credentials that do not end: promtool cannot write it.
    if (!asked.includes(name) || name === '' || !Number.isFinite(Number(value))) continue
    values.set(
      `${name}{${labels === '' ? REPLICA : `${REPLICA}, ${labels}`}}`,
      name === 'moderato_drift_total' ? '0' : value,
    )
  }
  expect(values.size).toBeGreaterThan(50)
  return values
}

/** The readings, with the values of some series so many times as large. */
function changed(readings: readonly Reading[], series: RegExp, times: number): readonly Reading[] {
  return readings.map(({ second, values }) => ({
    second,
    values: new Map(
      [...values].map(([name, value]) => [name, series.test(name) ? String(Number(value) * times) : value]),
    ),
  }))
}

/** Lets promtool evaluate the rules each minute, and returns the alerts that fired or were pending at any of them. */
async function promtool(readings: readonly Reading[]): Promise<{ status: number | null; alerts: string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'moderato-quiet-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const minutes = BEFORE + Math.ceil((readings.at(-1)?.second ?? 0) / 60) + AFTER
  const at = Array.from({ length: minutes + 1 }, (_, minute) =>
    readings.findLast(({ second }) => second <= Math.max(0, minute - BEFORE) * 60),
  )
  const names = new Set(readings.flatMap(({ values }) => [...values.keys()]))
  const tests = {
    rule_files: RULE_FILES.map((file) => join(ROOT, file)),
    evaluation_interval: '1m',
    group_eval_order: ['moderato-recording', 'moderato-service', 'moderato-agents'],
    tests: [
      {
        interval: '1m',
        input_series: [...names].map((series) => ({
          series,
          values: at.map((reading) => reading?.values.get(series) ?? '_').join(' '),
        })),
        promql_expr_test: [
          {
            expr: 'sum by (alertname) (count_over_time(ALERTS[3h]))',
            eval_time: `${minutes}m`,
            exp_samples: [],
          },
        ],
      },
    ],
  }
  const file = join(folder, 'tests.yaml')
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(tests))
  const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', file], { encoding: 'utf8' })
  const said = `${stdout}${stderr}`
  const alerts = alertRules().filter(({ alert }) => said.includes(`"${alert}"`))
  return { status, alerts: alerts.map(({ alert }) => alert) }
}
