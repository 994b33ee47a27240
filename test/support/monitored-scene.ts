/**
 * Starts what the queries of docs and dashboards are tried on: a real Prometheus with the rules of the chart that scrapes two proxies. One observes,
 * and the incidents were played through it. The other enforces, and calls of every fate go on through it.
 */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { play, scenarios } from '../scenarios/scenario.ts'
import { BUILDER, READER, UPSTREAM_KEY, type TestAgent } from './agents.ts'
import { PEOPLE } from './approvers.ts'
import { ROOT } from './markdown.ts'
import { moderato } from './moderato.ts'
import { freshMoto } from './moto.ts'
import { Prometheus } from './prometheus.ts'
import { startProxy, type Proxy } from './proxy.ts'
import { dynamodbCall, send, signed } from './raw-http.ts'
import { RULE_FILES } from './rules.ts'
import { openScene } from './scene.ts'

const PLAYED = ['s2-seconds', 's3-retry-storm', 's4-privilege-chain', 's5-mass-delete']
/** Moto has no accounts of its own for keys that it does not know. */
const OPERATOR: TestAgent = { ...BUILDER, ...UPSTREAM_KEY }
export const CI: TestAgent = { ...BUILDER, id: 'spiffe://example.org/agent/ci', accessKeyId: 'AKIDCI' }
/** Its id is made to break out of a query, and of a page. */
export const ODD: TestAgent = {
  ...READER,
  id: 'odd/"} or vector(7) or up{job="<b>{{x}}</b>',
  accessKeyId: 'AKIDODD',
}
const APPROVALS = [{ name: 'people-first', classes: ['permissions'] }]

export interface MonitoredScene {
  readonly observing: Proxy
  readonly enforcing: Proxy
  readonly prometheus: Prometheus
  /** Ends the calls first, then what they go through. */
  stop(): Promise<void>
}

/** Starts it all; resolves when the incidents were played. Calls go on until `stop`. */
export async function openMonitoredScene(): Promise<MonitoredScene> {
  const folder = mkdtempSync(join(tmpdir(), 'moderato-keys-'))
  const stops: (() => Promise<unknown>)[] = []
  let goesOn = true
  const stop = async (): Promise<void> => {
    goesOn = false
    for (const each of stops.toReversed()) await each()
    rmSync(folder, { recursive: true })
  }
  try {
    const moto = await freshMoto()
    const observing = await startProxy({
      upstream: moto,
      agents: [BUILDER, READER],
      settings: observed(),
    })
    stops.push(() => observing.stop())
    const scene = await openScene({ agents: [BUILDER, READER, CI, ODD], settings: enforced(oldKeys(folder)) })
    const enforcing = scene.proxy
    stops.push(scene.stop)
    const targets = [observing, enforcing].map(({ adminUrl }) => new URL(adminUrl).host)
    const prometheus = await Prometheus.start(
      targets,
      RULE_FILES.map((file) => join(ROOT, file)),
    )
    stops.push(() => prometheus.stop())
    for (const [name, scenario] of scenarios()) {
      if (!PLAYED.includes(name)) continue
      const { saved } = await play(moto, OPERATOR, scenario.setup)
      const agent = scenario.agent === 'builder' ? BUILDER : READER
      for (const part of [scenario.drifts, scenario.benign])
        if (part !== undefined) await play(observing.url, agent, part.steps, saved)
    }
    await operate(enforcing)
    const traffic = calls(enforcing, () => goesOn)
    stops.push(() => traffic)
    return { observing, enforcing, prometheus, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function observed(): Record<string, unknown> {
  return {
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
  }
}

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
      dynamo('ListTables', {}, ODD),
      ...Array.from({ length: 4 }, () => dynamo('DeleteTable', { TableName: 't' }, ODD)),
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
