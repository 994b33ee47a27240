/** The rule that held, throttled, asked or refused is named in the refusal, in the audit record and in a metric. */
import { DeleteTableCommand, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { describe, expect, it } from 'vitest'
import { BUILDER, READER } from '../support/agents.ts'
import { ALICE, approvalIn, approvals, PEOPLE } from '../support/approvers.ts'
import { dynamodb, thrownBy } from '../support/clients.ts'
import { moderato } from '../support/moderato.ts'
import type { AuditLine, Proxy } from '../support/proxy.ts'
import { dynamodbCall, send } from '../support/raw-http.ts'
import { startScene } from '../support/scene.ts'

const ONCE = { maxAttempts: 1 }
let proxy: Proxy

async function start(settings: Readonly<Record<string, unknown>>): Promise<void> {
  ;({ proxy } = await startScene({ agents: [BUILDER, READER], settings }))
}

const drop = (TableName = 't', agent = BUILDER) =>
  dynamodb(proxy.url, agent, ONCE).send(new DeleteTableCommand({ TableName }))
const message = async (call: () => Promise<unknown>) => (await thrownBy(call())).message
const refusal = (reason: string): Promise<AuditLine> => proxy.record((line) => line.reason === reason)
const reaches = (name: string, labels: Readonly<Record<string, string>>) =>
  proxy.metricReaches(`moderato_${name}_total`, labels, 1)

describe('the rule', () => {
  it('that throttles is named', async () => {
    await start({ pacing: { classes: { destructive: { rate: '1/min', burst: 1, maxWait: '0s' } } } })
    await drop()
    expect(await message(drop)).toContain("This agent's pace for class destructive is 1/min")
    expect(await refusal('paced')).toMatchObject({ paceRules: ['destructive'], rules: ['destructive'] })
    await reaches('rule_throttles', { rule: 'destructive' })
    await reaches('pace_calls', { class: 'destructive', outcome: 'throttled' })
    await reaches('pace_calls', { class: 'destructive', outcome: 'passed' })
    await reaches('agent_denials', { agent: BUILDER.id, reason: 'paced' })
    expect(await proxy.metric('moderato_rule_holds_total')).toBe(0)
  })

  it('that holds is named, and the wait is told from none', async () => {
    await start({ pacing: { classes: { destructive: { rate: '1/s', burst: 1, maxWait: '20s' } } } })
    await Promise.all([drop('a'), drop('b')])
    const held = await proxy.record(({ paceRules }) => paceRules !== undefined)
    expect(held).toMatchObject({ phase: 'decision', decision: 'allow', paceRules: ['destructive'] })
    await reaches('rule_holds', { rule: 'destructive' })
    await reaches('pace_calls', { class: 'destructive', outcome: 'held' })
    const waits = (le: string) =>
      proxy.metric('moderato_pace_wait_seconds_bucket', { class: 'destructive', le })
    expect([await waits('0'), await waits('+Inf')]).toEqual([1, 2])
  })

  it('that held a call whose client left is named, and has throttled nothing', async () => {
    await start({ pacing: { classes: { destructive: { rate: '2/min', burst: 1, maxWait: '45s' } } } })
    await drop()
    const leaving = new AbortController()
    const held = dynamodb(proxy.url, BUILDER, ONCE)
      .send(new DeleteTableCommand({ TableName: 't' }), { abortSignal: leaving.signal })
      .catch(() => undefined)
    await proxy.metricReaches('moderato_held_calls', {}, 1)
    expect(await proxy.metric('moderato_inflight_requests')).toBe(1)
    leaving.abort()
    await held
    expect(await refusal('client_gone')).toMatchObject({ paceRules: ['destructive'] })
    await reaches('rule_holds', { rule: 'destructive' })
    expect(await proxy.metric('moderato_rule_throttles_total')).toBe(0)
  })

  it('of dwell is its setting', async () => {
    await start({ pacing: { dwell: '1h' } })
    expect(await message(drop)).toContain('only 3600 s after its agent first saw it')
    expect(await refusal('dwell')).toMatchObject({ paceRules: ['pacing.dwell'] })
    await reaches('rule_throttles', { rule: 'pacing.dwell' })
  })

  it('that asks people is named, by its name or its place', async () => {
    const rules = [
      { classes: ['permissions'] },
      { name: 'prod-deletes', classes: ['destructive'], resources: ['arn:aws:dynamodb:*:*:table/prod-*'] },
      { classes: ['destructive'], resources: ['arn:aws:dynamodb:*:*:table/*-orders'] },
    ]
    await start({ policy: { approvals: rules }, admin: { people: PEOPLE } })
    const said = await message(() => drop('prod-orders'))
    expect(said).toContain('Approval rule: policy.approvals[2], prod-deletes.')
    expect(await refusal('approval_required')).toMatchObject({
      rules: ['policy.approvals[2]', 'prod-deletes'],
    })
    await reaches('rule_asks', { rule: 'prod-deletes' })
    await reaches('rule_asks', { rule: 'policy.approvals[2]' })
    await reaches('agent_denials', { agent: BUILDER.id, reason: 'approval_required' })
    expect(await proxy.metric('moderato_approval_oldest_seconds')).toBeGreaterThan(0)
    await approvals(proxy, ALICE, 'deny', approvalIn(said))
    expect(await message(() => drop('prod-orders'))).toContain(
      'Approval rule: policy.approvals[2], prod-deletes.',
    )
    expect(await proxy.metric('moderato_approval_decision_seconds_count', { decision: 'deny' })).toBe(1)
    expect(await proxy.metric('moderato_approval_oldest_seconds')).toBe(0)
  })

  it('of the policy that denies is named', async () => {
    await start({})
    expect(await message(() => drop('t', READER))).toContain('Policy rule: moderato.rules.grants.deny.')
    expect(await refusal('policy_denied')).toMatchObject({ rules: ['moderato.rules.grants.deny'] })
    await reaches('rule_denials', { kind: 'policy', rule: 'moderato.rules.grants.deny' })
  })

  it('is a freeze by its id, and in metrics an operator; a window has its name in all', async () => {
    const windows = [{ name: 'nights', from: '00:00', to: '24:00', timeZone: 'UTC', classes: ['list'] }]
    await start({ freeze: { windows } })
    const list = () => dynamodb(proxy.url, BUILDER, ONCE).send(new ListTablesCommand({}))
    expect(await message(list)).toContain('The freeze window nights is open')
    expect(await refusal('frozen')).toMatchObject({ rules: ['nights'] })
    await reaches('rule_denials', { kind: 'window', rule: 'nights' })
    const { out } = await moderato(proxy, [
      'freeze',
      '--class',
      'destructive',
      '--reason',
      'incident',
      '--json',
    ])
    const [id = ''] = /f-[0-9a-f]{16}/.exec(out) ?? []
    expect(await message(drop)).toContain(`Freeze: ${id}.`)
    await proxy.record(({ rules }) => JSON.stringify(rules) === JSON.stringify([id]))
    await reaches('rule_denials', { kind: 'freeze', rule: 'operator' })
    expect(await (await fetch(`${proxy.adminUrl}/metrics`)).text()).not.toContain(id)
  })

  it('is a quarantine, by who put the agent there', async () => {
    await start({})
    await moderato(proxy, ['quarantine', 'add', BUILDER.id, '--reason', 'incident'])
    expect(await proxy.metric('moderato_quarantines_active')).toBe(1)
    expect(await message(drop)).toContain('admin-token stopped this agent')
    expect(await refusal('quarantined')).toMatchObject({ rules: ['admin-token'] })
    await reaches('rule_denials', { kind: 'quarantine', rule: 'operator' })
  })

  it('that made the call what it is, is named beside the one that refused it', async () => {
    const overrides = [
      { operation: 'dynamodb:ListTables', classes: ['destructive'] },
      {
        name: 'no-sandbox',
        operation: 'dynamodb:*',
        resources: ['arn:aws:dynamodb:*:*:table/vault'],
        add: ['protection'],
      },
    ]
    await start({
      catalogue: { overrides },
      pacing: { classes: { destructive: { rate: '1/min', burst: 1, maxWait: '0s' } } },
    })
    const list = () => dynamodb(proxy.url, BUILDER, ONCE).send(new ListTablesCommand({}))
    await list()
    await reaches('override_calls', { rule: 'catalogue.overrides[0]' })
    // `no-sandbox` may be about a call that names no table, too.
    expect(await message(list)).toContain('Its classes come from catalogue.overrides[0]')
    expect(await refusal('paced')).toMatchObject({
      overrides: expect.arrayContaining(['catalogue.overrides[0]']),
    })
    await drop('vault').catch(() => undefined)
    await proxy.record(({ overrides: names }) => JSON.stringify(names) === '["no-sandbox"]')
  })
})

describe('labels', () => {
  it('have no value that an agent made', async () => {
    await start({ pacing: { rules: [rulePerResource] } })
    const words = 'agentmadethis'
    for (const name of [`${words}-1`, `${words}-2`]) await drop(name)
    await send(proxy.url, await dynamodbCall(proxy.url, words, {}))
    await send(proxy.url, {
      method: 'GET',
      target: `/.moderato/v1/${words}`,
      headers: { 'x-amz-target': words },
    })
    await proxy.metricReaches('moderato_requests_total', { decision: 'deny' }, 2)
    expect(await (await fetch(`${proxy.adminUrl}/metrics`)).text()).not.toContain(words)
  })
})

const rulePerResource = {
  name: 'per-table',
  classes: ['destructive'],
  per: ['agent', 'resource'],
  rate: '1/h',
  burst: 5,
  maxWait: '0s',
}
