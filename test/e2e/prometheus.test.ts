/**
 * Every expression of docs/metrics.md, asked of a real Prometheus. It scrapes two proxies: one that observes, through
 * which the incidents are played, and one that enforces.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BUILDER, READER } from '../support/agents.ts'
import { codeBlocks } from '../support/markdown.ts'
import { CI, openMonitoredScene, type MonitoredScene } from '../support/monitored-scene.ts'
import type { Prometheus, Series } from '../support/prometheus.ts'
import type { Proxy } from '../support/proxy.ts'
import { BOTO3, missing, MOTO, PROMETHEUS } from '../support/tools.ts'

const WITHIN = { timeout: 30_000, interval: 250 }

const EXPRESSIONS = codeBlocks('docs/metrics.md', 'promql').map(
  (block): [question: string, expression: string] => {
    const [question = '', ...lines] = block.split('\n')
    return [question.replace('# ', ''), lines.join('\n').trim()]
  },
)

type Labels = Readonly<Record<string, string>>

/** What each question must be answered with: labels of series that must be there. */
const ANSWERS: Readonly<Record<string, readonly Labels[]>> = {
  'Calls a second, by class and decision': [
    { class: 'read', decision: 'allow' },
    { class: 'destructive', decision: 'throttle' },
    { class: 'destructive', decision: 'deny' },
  ],
  'Who is refused, and why: refusals in the last hour, by agent': [
    { agent: READER.id, reason: 'policy_denied' },
    { agent: BUILDER.id, reason: 'paced' },
    { agent: BUILDER.id, reason: 'approval_required' },
    { agent: BUILDER.id, reason: 'frozen' },
    { agent: CI.id, reason: 'quarantined' },
  ],
  'By class: what would be denied, asked of people, or held and throttled, in the last day': [
    { class: 'destructive', would: 'deny', reason: 'policy_denied' },
    { class: 'permissions', would: 'ask', reason: 'approval_required' },
    { class: 'data-delete', would: 'throttle', reason: 'paced' },
  ],
  'By rule: which would deny, ask, throttle, or only hold': [
    { rule: 'moderato.rules.grants.deny', would: 'deny' },
    { rule: 'people-first', would: 'ask' },
    { rule: 'data-delete', would: 'throttle' },
    { rule: 'trial', would: 'hold' },
  ],
  'By agent: who would notice': [
    { agent: READER.id, would: 'deny', reason: 'policy_denied' },
    { agent: BUILDER.id, would: 'throttle', reason: 'paced' },
  ],
  'Where is nothing enforced?': [{ instance: 'observing' }],
  'Which pace rule throttles, in calls of the last hour': [{ rule: 'destructive' }],
  'Which pace rule holds calls until their turn': [{ rule: 'destructive' }],
  'Which policy rule, freeze, window or quarantine refuses': [
    { kind: 'policy', rule: 'moderato.rules.grants.deny' },
    { kind: 'window', rule: 'nights' },
    { kind: 'freeze', rule: 'operator' },
    { kind: 'quarantine', rule: 'operator' },
  ],
  'Which rule asks people': [{ rule: 'people-first' }],
  'How many paced calls pass at once, are held, or are throttled': [
    { class: 'destructive', outcome: 'passed' },
    { class: 'destructive', outcome: 'held' },
    { class: 'destructive', outcome: 'throttled' },
  ],
  'How long calls are held that are held: the 95th percentile, in seconds': [{ class: 'destructive' }],
  'The emptiest bucket of each pace rule, and what is used of the limits of calls, connections and memory': [
    { limit: 'destructive' },
    { limit: 'write' },
    { limit: 'held calls' },
    { limit: 'in flight of one agent' },
    { limit: 'buffered bytes' },
    { limit: 'connections' },
  ],
  'An approval waits for more than 10 minutes': [],
  'The last reload was refused: the file is not what is in force': [{ instance: 'enforcing' }],
  'An agent is in quarantine': [{ instance: 'enforcing' }],
  'Upstream credentials end within 10 minutes and were not renewed': [],
  'The keys of an identity provider are older than a day': [{ provider: 'spire' }],
  "The disk holds less than 1 GiB, or less than four times today's audit log: full disks stop changes": [],
  'Lines of the log are lost: its reader stalls': [],
}

/** The alerts that nothing here sets off, with a condition that holds. */
const LOOSENED: readonly (readonly [question: string, from: string, to: string])[] = [
  ['An approval waits for more than 10 minutes', '> 600', '> 0'],
  ['Upstream credentials end within 10 minutes and were not renewed', '< 600', '> 600'],
  [
    "The disk holds less than 1 GiB, or less than four times today's audit log: full disks stop changes",
    '< 4 * (moderato_audit_bytes - moderato_audit_bytes offset 1d)',
    '> 4 * (moderato_audit_bytes - moderato_audit_bytes offset 1s)',
  ],
  ['Lines of the log are lost: its reader stalls', '> 0', '>= 0'],
]

describe.skipIf(missing(PROMETHEUS, MOTO, BOTO3))('docs/metrics.md', { timeout: 180_000 }, () => {
  let scene: MonitoredScene
  let observing: Proxy
  let prometheus: Prometheus

  beforeAll(async () => {
    scene = await openMonitoredScene()
    ;({ observing, prometheus } = scene)
  }, 120_000)
  afterAll(() => scene?.stop())

  it('has an answer here for every question', () => {
    expect(EXPRESSIONS.map(([question]) => question).toSorted()).toEqual(Object.keys(ANSWERS).toSorted())
  })

  /** Which of the two a series is of, in place of its address. */
  const named = ({ labels }: Series): Labels => ({
    ...labels,
    ...(labels['instance'] !== undefined && {
      instance: labels['instance'] === new URL(observing.adminUrl).host ? 'observing' : 'enforcing',
    }),
  })

  it.each(EXPRESSIONS)('answers: %s', async (question, expression) => {
    const wanted = ANSWERS[question] ?? []
    await expect
      .poll(async () => (await prometheus.query(expression)).map(named), WITHIN)
      .toEqual(
        wanted.length === 0
          ? []
          : expect.arrayContaining(wanted.map((labels) => expect.objectContaining(labels))),
      )
  })

  it.each(LOOSENED)('has what is needed for: %s', async (question, from, to) => {
    const [, expression = ''] = EXPRESSIONS.find(([each]) => each === question) ?? []
    expect(expression).toContain(from)
    await expect
      .poll(async () => (await prometheus.query(expression.replace(from, to))).length, WITHIN)
      .toBeGreaterThan(0)
  })

  it('tells rules that were not met from those that were, and limits from 0 to 1', async () => {
    const [, throttles = ''] =
      EXPRESSIONS.find(([question]) => question.startsWith('Which pace rule throttles')) ?? []
    expect((await prometheus.query(throttles)).map(({ labels }) => labels['rule'])).toEqual(['destructive'])
    const [, limits = ''] = EXPRESSIONS.find(([question]) => question.startsWith('The emptiest')) ?? []
    const levels = await prometheus.query(limits)
    expect(levels.filter(({ value }) => !(value >= 0 && value <= 1))).toEqual([])
    const [, held = ''] = EXPRESSIONS.find(([question]) => question.startsWith('How long')) ?? []
    for (const { value, labels } of await prometheus.query(held))
      if (labels['class'] === 'destructive') expect(value).toBeGreaterThan(0.1)
  })
})
