/** Observe mode is the first step of whoever tries Moderato: what it lets through shows wherever one looks. */
import { CreateTableCommand, DeleteTableCommand } from '@aws-sdk/client-dynamodb'
import { DeleteBucketCommand } from '@aws-sdk/client-s3'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { run as audit } from '../../proxy/cli/audit.ts'
import { captured } from '../cli/captured.ts'
import { BUILDER, READER } from '../support/agents.ts'
import { PEOPLE } from '../support/approvers.ts'
import { dynamodb, s3 } from '../support/clients.ts'
import { moderato } from '../support/moderato.ts'
import type { Proxy } from '../support/proxy.ts'
import { startScene } from '../support/scene.ts'

const SETTINGS = {
  pacing: { classes: { destructive: { rate: '6/min', burst: 1, maxWait: '15s' } } },
  policy: {
    mode: 'observe',
    approvals: [{ classes: ['destructive'], resources: ['arn:aws:dynamodb:*:*:table/prod-*'] }],
  },
  admin: { people: PEOPLE },
}

let proxy: Proxy
const drop = (TableName: string, agent = BUILDER) =>
  dynamodb(proxy.url, agent).send(new DeleteTableCommand({ TableName }))
const would = (labels: Readonly<Record<string, string>>) => proxy.metric('moderato_would_total', labels)

async function tailed(): Promise<string> {
  const { io, out } = captured()
  await audit(['tail', join(proxy.stateDir, 'audit'), '--lines', '100'], io)
  return out()
}

describe('observe mode', () => {
  beforeEach(async () => {
    ;({ proxy } = await startScene({ agents: [BUILDER, READER], settings: SETTINGS }))
  })

  it('counts what would be denied, by class, agent and policy rule', async () => {
    await drop('t', READER)
    await proxy.metricReaches('moderato_would_total', { class: 'destructive', would: 'deny' }, 1)
    expect(await would({ would: 'deny', reason: 'policy_denied' })).toBe(1)
    const ofAgent = { agent: READER.id, class: 'destructive', would: 'deny', reason: 'policy_denied' }
    expect(await proxy.metric('moderato_agent_would_total', ofAgent)).toBe(1)
    const byRule = { rule: 'moderato.rules.grants.deny', would: 'deny' }
    expect(await proxy.metric('moderato_rule_would_total', byRule)).toBe(1)
    const record = await proxy.record(({ phase }) => phase === 'decision')
    expect(record).toMatchObject({
      decision: 'allow',
      wouldDeny: 'policy_denied',
      would: { deny: { reason: 'policy_denied', rules: ['moderato.rules.grants.deny'] } },
    })
    expect(await tailed()).toContain('WOULD-DENY=policy_denied(moderato.rules.grants.deny)')
  })

  it('counts what people would be asked, by the rule that asks, which is named by its place', async () => {
    await drop('prod-orders')
    await proxy.metricReaches('moderato_would_total', { would: 'ask', reason: 'approval_required' }, 1)
    const byRule = { rule: 'policy.approvals[0]', would: 'ask' }
    expect(await proxy.metric('moderato_rule_would_total', byRule)).toBe(1)
    const record = await proxy.record(({ phase }) => phase === 'decision')
    expect(record['would']).toEqual({ ask: { reason: 'approval_required', rules: ['policy.approvals[0]'] } })
    expect(await tailed()).toContain('WOULD-ASK=approval_required(policy.approvals[0])')
  })

  it('counts what would be held or throttled, and tells one from the other', async () => {
    // One at once, the next in 10 s; the third would wait longer than it may.
    for (const name of ['a', 'b', 'c']) await drop(name)
    await proxy.metricReaches('moderato_would_total', { would: 'throttle', reason: 'paced' }, 2)
    const byRule = (what: string) =>
      proxy.metric('moderato_rule_would_total', { rule: 'destructive', would: what })
    expect([await byRule('hold'), await byRule('throttle')]).toEqual([1, 1])
    const records = proxy.records().filter(({ phase }) => phase === 'decision')
    expect(records.map(({ would: was }) => was)).toMatchObject([
      undefined,
      { throttle: { reason: 'paced', rules: ['destructive'], waitMs: expect.any(Number) } },
      { throttle: { reason: 'paced', rules: ['destructive'] } },
    ])
    expect(JSON.stringify(records[2]?.['would'])).not.toContain('waitMs')
    expect(await tailed()).toMatch(
      /WOULD-WAIT-\d+ms=paced\(destructive\)[^]*WOULD-THROTTLE=paced\(destructive\)/,
    )
    // Nothing was throttled or held.
    expect(await proxy.metric('moderato_rule_throttles_total')).toBe(0)
    expect(await proxy.metric('moderato_rule_holds_total')).toBe(0)
  })

  it('charges nothing for what would be denied, as enforce mode would not', async () => {
    for (const name of ['a', 'b']) await drop(name, READER)
    await proxy.metricReaches('moderato_would_total', { would: 'deny' }, 2)
    expect(await would({ would: 'throttle' })).toBe(0)
    expect(await proxy.metric('moderato_bucket_fill_ratio', { rule: 'destructive' })).toBe(1)
    expect((await moderato(proxy, ['limits'])).out).not.toContain(READER.id)
    expect(await tailed()).not.toContain('WOULD-THROTTLE')
  })

  it('counts nothing of what would go on all the same', async () => {
    const table = {
      TableName: 'test',
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' as const }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' as const }],
    }
    await dynamodb(proxy.url).send(new CreateTableCommand({ ...table, BillingMode: 'PAY_PER_REQUEST' }))
    await drop('scratch')
    await proxy.metricReaches('moderato_requests_total', { decision: 'allow' }, 2)
    expect(await would({})).toBe(0)
    expect(await tailed()).not.toContain('WOULD')
  })

  it('is said at the start, by readyz, by a metric, and by `moderato limits`', async () => {
    expect(proxy.log()).toContain('Observe mode: policy, approvals and pace are recorded, not enforced.')
    expect(await (await fetch(`${proxy.adminUrl}/readyz`)).json()).toMatchObject({
      ready: true,
      mode: 'observe',
      enforcing: false,
      notice: expect.stringContaining('not enforced'),
    })
    expect(await proxy.metric('moderato_enforcing')).toBe(0)
    await drop('t')
    const { out } = await moderato(proxy, ['limits'])
    expect(out).toMatch(/^OBSERVE MODE: nothing is enforced/)
    expect(out).toContain(`destructive  agent "${BUILDER.id}"  0 of 1 left at 6/min`)
    const explained = ['limits', 'explain', '--agent', BUILDER.id, '--class', 'destructive']
    expect((await moderato(proxy, explained)).out).toMatch(/^OBSERVE MODE[^]*WAITS/)
  })

  it('ends with a reload, and begins with one, and all of these say so', async () => {
    proxy.reconfigure((config) => ({ ...config, policy: { mode: 'enforce' } }))
    await proxy.metricReaches('moderato_enforcing', {}, 1)
    const readiness = (await (await fetch(`${proxy.adminUrl}/readyz`)).json()) as object
    expect(readiness).toMatchObject({ mode: 'enforce', enforcing: true })
    expect(readiness).not.toHaveProperty('notice')
    expect((await moderato(proxy, ['limits'])).out).not.toContain('OBSERVE')
    const said = () => proxy.log().split('Observe mode: policy').length - 1
    expect(said()).toBe(1)
    proxy.reconfigure((config) => ({ ...config, policy: { mode: 'observe' } }))
    await proxy.metricReaches('moderato_enforcing', {}, 0)
    await expect.poll(said).toBe(2)
  })
})

describe('a pace rule that observes', () => {
  it('counts and shows its buckets, in enforce mode too', async () => {
    const rule = { name: 'trial', classes: ['destructive'], per: ['agent', 'service'], rate: '1/h', burst: 1 }
    ;({ proxy } = await startScene({
      settings: { pacing: { rules: [{ ...rule, maxWait: '0s', mode: 'observe' }] } },
    }))
    await s3(proxy.url).send(new DeleteBucketCommand({ Bucket: 'one' }))
    await s3(proxy.url).send(new DeleteBucketCommand({ Bucket: 'two' }))
    await proxy.metricReaches('moderato_would_total', { would: 'throttle', reason: 'paced' }, 1)
    expect(await proxy.metric('moderato_rule_would_total', { rule: 'trial', would: 'throttle' })).toBe(1)
    const { out } = await moderato(proxy, ['limits', '--rule', 'trial'])
    expect(out).toContain(`trial (observes)  agent "${BUILDER.id}", service "s3"  0 of 1 left at 1/h`)
    await expect.poll(() => proxy.metric('moderato_bucket_fill_ratio', { rule: 'trial' })).toBeLessThan(0.1)
  })
})
