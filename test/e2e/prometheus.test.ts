/**
 * Every expression of docs/metrics.md, asked of a real Prometheus. It scrapes two proxies: one that observes, through
 * which the incidents are played, and one that enforces.
 */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { play, scenarios } from '../scenarios/scenario.ts'
import { BUILDER, READER, UPSTREAM_KEY, type TestAgent } from '../support/agents.ts'
import { PEOPLE } from '../support/approvers.ts'
import { codeBlocks } from '../support/markdown.ts'
import { moderato } from '../support/moderato.ts'
import { freshMoto } from '../support/moto.ts'
import { Prometheus, type Series } from '../support/prometheus.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { dynamodbCall, send, signed } from '../support/raw-http.ts'
import { openScene } from '../support/scene.ts'
import { BOTO3, missing, MOTO, PROMETHEUS } from '../support/tools.ts'

const PLAYED = ['s2-seconds', 's3-retry-storm', 's4-privilege-chain', 's5-mass-delete']
/** Moto has no accounts of its own for keys that it does not know. */
const OPERATOR: TestAgent = { ...BUILDER, ...UPSTREAM_KEY }
const CI: TestAgent = { ...BUILDER, id: 'spiffe://example.org/agent/ci', accessKeyId: 'AKIDCI' }
const APPROVALS = [{ name: 'people-first', classes: ['permissions'] }]
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
  "The disk holds less than four times today's audit log: full disks stop changes": [],
  'Lines of the log are lost: its reader stalls': [],
}

/** The alerts that nothing here sets off, with a condition that holds. */
const LOOSENED: readonly (readonly [question: string, from: string, to: string])[] = [
  ['An approval waits for more than 10 minutes', '> 600', '> 0'],
  ['Upstream credentials end within 10 minutes and were not renewed', '< 600', '> 600'],
  [
    "The disk holds less than four times today's audit log: full disks stop changes",
    '< 4 * (moderato_audit_bytes - moderato_audit_bytes offset 1d)',
    '> 4 * (moderato_audit_bytes - moderato_audit_bytes offset 1s)',
  ],
  ['Lines of the log are lost: its reader stalls', '> 0', '>= 0'],
]

describe.skipIf(missing(PROMETHEUS, MOTO, BOTO3))('docs/metrics.md', { timeout: 180_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'moderato-keys-'))
  const stops: (() => Promise<unknown>)[] = []
  let observing: Proxy
  let enforcing: Proxy
  let prometheus: Prometheus
  let goesOn = true
  let traffic: Promise<void> | undefined

  beforeAll(async () => {
    const moto = await freshMoto()
    observing = await startProxy({
      upstream: moto,
      agents: [BUILDER, READER],
      settings: {
        pacing: {
          // Of a hundred keys at a time, the second call would be refused; the rule would only hold it.
          classes: { 'data-delete': { rate: '1/min', burst: 100, maxWait: '1s' } },
          rules: [
            {
              name: 'trial',
              classes: ['data-delete'],
              per: ['fleet'],
              rate: '3/s',
              burst: 100,
              maxWait: '45s',
              mode: 'observe',
            },
          ],
        },
        policy: { mode: 'observe', approvals: APPROVALS },
        admin: { people: PEOPLE },
      },
    })
    stops.push(() => observing.stop())
    const scene = await openScene({ agents: [BUILDER, READER, CI], settings: enforced(oldKeys(folder)) })
    enforcing = scene.proxy
    stops.push(scene.stop)
    prometheus = await Prometheus.start([observing, enforcing].map(({ adminUrl }) => new URL(adminUrl).host))
    stops.push(() => prometheus.stop())
    for (const [name, scenario] of scenarios()) {
      if (!PLAYED.includes(name)) continue
      const { saved } = await play(moto, OPERATOR, scenario.setup)
      const agent = scenario.agent === 'builder' ? BUILDER : READER
      for (const part of [scenario.drifts, scenario.benign])
        if (part !== undefined) await play(observing.url, agent, part.steps, saved)
    }
    await operate(enforcing)
    traffic = calls(enforcing, () => goesOn)
  }, 120_000)
  afterAll(async () => {
    goesOn = false
    await traffic
    for (const stop of stops.toReversed()) await stop()
    rmSync(folder, { recursive: true })
  })

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

/** Keys that were last changed three days ago. */
function oldKeys(folder: string): string {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const file = join(folder, 'bundle.json')
  const keys = [{ ...publicKey.export({ format: 'jwk' }), kid: 'one', use: 'jwt-svid' }]
  writeFileSync(file, JSON.stringify({ keys }))
  const before = new Date(Date.now() - 3 * 86_400_000)
  utimesSync(file, before, before)
  return file
}

function enforced(file: string): Record<string, unknown> {
  return {
    pacing: { classes: { destructive: { rate: '4/s', burst: 1, maxWait: '1s' } } },
    policy: { approvals: APPROVALS },
    admin: { people: PEOPLE },
    freeze: {
      windows: [{ name: 'nights', from: '00:00', to: '24:00', timeZone: 'UTC', services: ['sqs'] }],
    },
    identity: {
      providers: [
        {
          type: 'spiffe-jwt',
          name: 'spire',
          trustDomain: 'example.org',
          audience: 'moderato',
          bundle: { file },
          rules: [{ match: { path: 'ci' }, agent: CI.id }],
        },
      ],
    },
  }
}

/** Freezes a class, quarantines an agent, and leaves a configuration that cannot be taken. */
async function operate(proxy: Proxy): Promise<void> {
  await moderato(proxy, ['freeze', '--class', 'disruptive', '--reason', 'incident'])
  await moderato(proxy, ['quarantine', 'add', CI.id, '--reason', 'incident'])
  proxy.reconfigureText('agents: [{')
  await proxy.metricReaches('moderato_config_last_reload_success', {}, 0)
}

/** Makes calls of every fate, again and again: some are let through, held, throttled, denied, frozen, or wait for people. */
async function calls(proxy: Proxy, goesOn: () => boolean): Promise<void> {
  const dynamo = async (name: string, body: object, agent = BUILDER) =>
    send(proxy.url, await dynamodbCall(proxy.url, name, body, agent))
  const aws = async (service: string, target: string, body: string, agent = BUILDER) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    return send(
      proxy.url,
      await signed(proxy.url, { method: 'POST', target, headers, body }, { service, agent }),
    )
  }
  for (let round = 0; goesOn(); round += 1) {
    const drop = () => dynamo('DeleteTable', { TableName: `t-${round}` })
    await Promise.all([
      // One goes, some are held within the second that they may be, the rest are throttled.
      ...Array.from({ length: 8 }, drop),
      dynamo('DescribeTable', { TableName: 't' }),
      dynamo('DeleteTable', { TableName: 't' }, READER),
      dynamo('ListTables', {}, CI),
      aws(
        'iam',
        '/',
        'Action=AttachRolePolicy&RoleName=r&PolicyArn=arn:aws:iam::aws:policy/AdministratorAccess&Version=2010-05-08',
      ),
      aws('ec2', '/', 'Action=RebootInstances&InstanceId.1=i-0123456789abcdef0&Version=2016-11-15'),
      aws('sqs', '/', 'Action=ListQueues&Version=2012-11-05'),
    ])
  }
}
