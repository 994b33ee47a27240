import { describe, expect, it } from 'vitest'
import { createMetrics, type Metrics } from '../../proxy/observe/metrics.ts'
import type { RequestFacts } from '../../proxy/observe/request-counters.ts'

const services = new Set(['s3', 'dynamodb'])
const FACTS: RequestFacts = {
  service: 's3',
  class: 'destructive',
  decision: 'allow',
  reason: 'none',
  durationSeconds: 0.004,
}

const RULES = {
  pace: ['destructive'],
  approvals: ['people-first'],
  windows: ['nights'],
  overrides: ['catalogue.overrides[0]'],
  watchers: ['watcher fanout'],
}

/** Every sample of the scrape: `name{labels}` to value. */
async function scrape(metrics: Metrics): Promise<Map<string, number>> {
  const samples = new Map<string, number>()
  for (const line of (await metrics.text()).split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const match = /^([a-zA-Z_:][\w:]*(?:\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\.)*",?)*\})?) (\S+)$/.exec(line)
    expect(match, line).not.toBeNull()
    samples.set(match?.[1] ?? '', match?.[2] === 'Nan' ? NaN : Number(match?.[2]))
  }
  return samples
}

/** Metric name -> type and label names, `le` left out. */
async function shape(metrics: Metrics): Promise<Map<string, { type: string; labels: string[] }>> {
  const text = await metrics.text()
  const found = new Map<string, { type: string; labels: string[] }>()
  for (const [, name = '', type = ''] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm))
    found.set(name, { type, labels: [] })
  for (const sample of (await scrape(metrics)).keys()) {
    const [full = '', labels = ''] = sample.split('{')
    const metric = found.get(full) ?? found.get(full.replace(/_(bucket|sum|count)$/, ''))
    const names = [...labels.matchAll(/(\w+)="/g)]
      .map(([, label = '']) => label)
      .filter((label) => label !== 'le')
    if (metric !== undefined) metric.labels = names.toSorted()
  }
  return found
}

function exercised(): Metrics {
  const metrics = createMetrics({ services })
  metrics.request({ ...FACTS, agent: 'a' })
  metrics.request({ ...FACTS, decision: 'deny', reason: 'bad_signature' })
  metrics.stage('verify', 0.00002)
  metrics.upstream('s3', 204, 0.01)
  metrics.paceWait('destructive', 3)
  metrics.queueDepth('destructive', 2)
  metrics.policyEvaluation('opa-wasm', 0.00004)
  metrics.policyBundle('abc')
  metrics.auditRecords(3)
  metrics.freezes(() => ({ operator: 1, schedule: 0 }))
  metrics.reload('applied')
  metrics.drift('fanout', 'alert')
  metrics.approvalDecision({ approve: true, channel: 'token' }, 20)
  metrics.breakglassCall('destructive', 'allow')
  metrics.request({
    ...FACTS,
    agent: 'a',
    pace: 'held',
    would: [{ would: 'throttle', reason: 'paced' }],
  })
  metrics.request({ ...FACTS, agent: 'a', decision: 'deny', reason: 'policy_denied' })
  metrics.rulesInForce(RULES)
  metrics.ruleDenied('policy', 'a.b.deny')
  metrics.bucketFill(() => [['destructive', 0.5]])
  metrics.identityKeysAge(() => [['ci', 60]])
  return metrics
}

describe('createMetrics', () => {
  const CONTRACT: Record<string, [type: string, ...labels: string[]]> = {
    moderato_requests_total: ['counter', 'class', 'decision', 'reason', 'service'],
    moderato_request_duration_seconds: ['histogram', 'class', 'decision'],
    moderato_stage_duration_seconds: ['histogram', 'stage'],
    moderato_upstream_duration_seconds: ['histogram', 'service', 'status_class'],
    moderato_denials_total: ['counter', 'reason', 'service'],
    moderato_signature_failures_total: ['counter', 'reason'],
    moderato_pace_wait_seconds: ['histogram', 'class'],
    moderato_pace_queue_depth: ['gauge', 'class'],
    moderato_policy_evaluation_seconds: ['histogram', 'engine'],
    moderato_policy_bundle_info: ['gauge', 'revision'],
    moderato_audit_records_total: ['counter'],
    moderato_audit_lag_seconds: ['gauge'],
    moderato_state_up: ['gauge'],
    moderato_state_trusted: ['gauge'],
    moderato_build_info: ['gauge', 'node', 'version'],
    moderato_freezes_active: ['gauge', 'source'],
    moderato_config_reloads_total: ['counter', 'result'],
    moderato_sessions_active: ['gauge'],
    moderato_sessions_revoked_total: ['counter', 'cause'],
    moderato_approvals_pending: ['gauge'],
    moderato_approval_decisions_total: ['counter', 'channel', 'decision'],
    moderato_drift_total: ['counter', 'detector', 'response'],
    moderato_breakglass_active: ['gauge'],
    moderato_breakglass_calls_total: ['counter', 'class', 'decision'],
    moderato_agent_requests_total: ['counter', 'agent', 'class', 'decision'],
    moderato_would_total: ['counter', 'class', 'reason', 'would'],
    moderato_rule_throttles_total: ['counter', 'rule'],
    moderato_rule_holds_total: ['counter', 'rule'],
    moderato_bucket_fill_ratio: ['gauge', 'rule'],
    moderato_quarantines_active: ['gauge'],
    moderato_approval_oldest_seconds: ['gauge'],
    moderato_approval_decision_seconds: ['histogram', 'decision'],
    moderato_inflight_requests: ['gauge'],
    moderato_inflight_requests_limit: ['gauge'],
    moderato_held_calls: ['gauge'],
    moderato_held_calls_limit: ['gauge'],
    moderato_buffered_bytes: ['gauge'],
    moderato_buffered_bytes_limit: ['gauge'],
    moderato_audit_bytes: ['gauge'],
    moderato_state_free_bytes: ['gauge'],
    moderato_config_last_reload_success: ['gauge'],
    moderato_config_last_reload_timestamp_seconds: ['gauge'],
    moderato_upstream_credentials_expiry_seconds: ['gauge'],
    moderato_identity_keys_age_seconds: ['gauge', 'provider'],
    // Beside those of the contract.
    moderato_agent_would_total: ['counter', 'agent', 'class', 'reason', 'would'],
    moderato_agent_denials_total: ['counter', 'agent', 'reason'],
    moderato_pace_calls_total: ['counter', 'class', 'outcome'],
    moderato_rule_asks_total: ['counter', 'rule'],
    moderato_rule_denials_total: ['counter', 'kind', 'rule'],
    moderato_rule_would_total: ['counter', 'rule', 'would'],
    moderato_override_calls_total: ['counter', 'rule'],
    moderato_connections: ['gauge'],
    moderato_connections_limit: ['gauge'],
    moderato_enforcing: ['gauge'],
    moderato_log_lines_lost_total: ['counter'],
  }

  it('shows the metrics of the contract with exactly their types and labels, and no others of its own', async () => {
    const found = await shape(exercised())
    const own = Object.fromEntries([...found].filter(([name]) => name.startsWith('moderato_')))
    const wanted = Object.entries(CONTRACT).map(([name, [type, ...labels]]) => [name, { type, labels }])
    expect(own).toEqual(Object.fromEntries(wanted))
  })

  it('shows the metrics of the process', async () => {
    expect([...(await shape(exercised())).keys()]).toContain('process_cpu_seconds_total')
  })

  it('names counters, and nothing else, with _total', async () => {
    const wrong = [...(await shape(createMetrics({ services })))].filter(
      ([name, { type }]) => name.endsWith('_total') !== (type === 'counter'),
    )
    expect(wrong).toEqual([])
  })

  it('counts a request once in each metric that it concerns', async () => {
    const samples = await scrape(exercised())
    const value = (name: string): number | undefined => samples.get(name)
    expect(
      value('moderato_requests_total{service="s3",class="destructive",decision="allow",reason="none"}'),
    ).toBe(2)
    expect(value('moderato_denials_total{reason="bad_signature",service="s3"}')).toBe(1)
    expect(value('moderato_signature_failures_total{reason="bad_signature"}')).toBe(1)
    expect(value('moderato_agent_requests_total{agent="a",class="destructive",decision="allow"}')).toBe(2)
    expect(value('moderato_request_duration_seconds_count{class="destructive",decision="deny"}')).toBe(2)
    const denials = [...samples.keys()].filter((name) => name.startsWith('moderato_denials_total'))
    expect(denials.length).toBe(2)
    expect(value('moderato_upstream_duration_seconds_sum{service="s3",status_class="2xx"}')).toBe(0.01)
    expect(value('moderato_audit_records_total')).toBe(3)
  })

  it('puts a duration into the bucket of its bound and all above', async () => {
    const metrics = createMetrics({ services })
    for (const seconds of [0.00001, 0.0000101, 100]) metrics.stage('verify', seconds)
    const samples = await scrape(metrics)
    const bucket = (le: string): number | undefined =>
      samples.get(`moderato_stage_duration_seconds_bucket{stage="verify",le="${le}"}`)
    expect([bucket('0.00001'), bucket('0.000025'), bucket('45'), bucket('+Inf')]).toEqual([1, 2, 2, 3])
    expect(samples.get('moderato_stage_duration_seconds_count{stage="verify"}')).toBe(3)
  })

  it('counts a service that the catalogue lacks as unknown', async () => {
    const metrics = createMetrics({ services })
    for (let i = 0; i < 50; i += 1) {
      metrics.request({ ...FACTS, service: `made-up-${i}` })
      metrics.upstream(`made-up-${i}`, undefined, 1)
    }
    const samples = await scrape(metrics)
    expect([...samples.keys()].join()).not.toContain('made-up')
    expect(
      samples.get(
        'moderato_requests_total{service="unknown",class="destructive",decision="allow",reason="none"}',
      ),
    ).toBe(50)
    expect(
      samples.get('moderato_upstream_duration_seconds_count{service="unknown",status_class="none"}'),
    ).toBe(50)
  })

  it('names agents up to the cap and counts the rest as other', async () => {
    const metrics = createMetrics({ services, agentLabels: 2 })
    for (const agent of ['a', 'b', 'c', 'd', 'a']) metrics.request({ ...FACTS, agent })
    const samples = await scrape(metrics)
    const count = (agent: string): number | undefined =>
      samples.get(`moderato_agent_requests_total{agent="${agent}",class="destructive",decision="allow"}`)
    expect(['a', 'b', 'c', 'other'].map(count)).toEqual([2, 1, undefined, 2])
  })

  it('shows one bundle revision, and the audit lag at the time of the scrape', async () => {
    const metrics = createMetrics({ services })
    let lagSeconds = 1
    metrics.auditLag(() => lagSeconds)
    metrics.policyBundle('old')
    metrics.policyBundle('new')
    lagSeconds = 7
    const samples = await scrape(metrics)
    expect([...samples.keys()].filter((name) => name.startsWith('moderato_policy_bundle_info'))).toEqual([
      'moderato_policy_bundle_info{revision="new"}',
    ])
    expect(samples.get('moderato_audit_lag_seconds')).toBe(7)
  })

  it('begins the counters with known labels at 0', async () => {
    const metrics = createMetrics({ services })
    metrics.rulesInForce(RULES)
    metrics.detectorsInForce([['fanout', 'alert']])
    const samples = await scrape(metrics)
    for (const name of [
      'moderato_would_total{class="destructive",would="deny",reason="policy_denied"}',
      'moderato_would_total{class="write",would="ask",reason="approval_required"}',
      'moderato_would_total{class="opaque",would="throttle",reason="paced"}',
      'moderato_pace_calls_total{class="destructive",outcome="throttled"}',
      'moderato_rule_throttles_total{rule="destructive"}',
      'moderato_rule_holds_total{rule="destructive"}',
      'moderato_rule_asks_total{rule="people-first"}',
      'moderato_rule_asks_total{rule="watcher fanout"}',
      'moderato_rule_denials_total{kind="window",rule="nights"}',
      'moderato_rule_denials_total{kind="quarantine",rule="watcher fanout"}',
      'moderato_rule_denials_total{kind="freeze",rule="operator"}',
      'moderato_rule_would_total{rule="destructive",would="hold"}',
      'moderato_override_calls_total{rule="catalogue.overrides[0]"}',
      'moderato_config_reloads_total{result="refused"}',
      'moderato_approval_decisions_total{decision="deny",channel="token"}',
      'moderato_approval_decision_seconds_count{decision="approve"}',
      'moderato_signature_failures_total{reason="bad_signature"}',
      'moderato_sessions_revoked_total{cause="operator"}',
      'moderato_breakglass_calls_total{class="write",decision="allow"}',
      'moderato_drift_total{detector="fanout",response="alert"}',
      'moderato_log_lines_lost_total',
    ])
      expect(samples.get(name), name).toBe(0)
  })

  it('takes labels of rules from the configuration alone', async () => {
    const metrics = createMetrics({ services })
    metrics.rulesInForce(RULES)
    for (let i = 0; i < 300; i += 1) {
      for (const deed of ['hold', 'throttle', 'ask', 'override'] as const) metrics.rule(deed, `made-up-${i}`)
      for (const kind of ['freeze', 'window', 'quarantine'] as const) metrics.ruleDenied(kind, `made-up-${i}`)
      for (const would of ['ask', 'hold', 'throttle'] as const) metrics.ruleWould(would, `made-up-${i}`)
      // A bundle may make names of what calls say.
      metrics.ruleDenied('policy', `policy-${i}`)
    }
    const samples = await scrape(metrics)
    expect([...samples.keys()].filter((name) => name.includes('made-up'))).toEqual([])
    expect([...samples.keys()].filter((name) => name.includes('policy-')).length).toBeLessThanOrEqual(100)
    expect(samples.get('moderato_rule_denials_total{kind="policy",rule="other"}')).toBe(200)
    expect(samples.get('moderato_rule_denials_total{kind="freeze",rule="operator"}')).toBe(300)
    expect(samples.get('moderato_rule_throttles_total{rule="other"}')).toBe(300)
    expect(samples.get('moderato_rule_asks_total{rule="operator"}')).toBe(300)
  })

  it('tells calls that passed at once from those that were held', async () => {
    const metrics = createMetrics({ services })
    for (const seconds of [0, 0, 3]) metrics.paceWait('destructive', seconds)
    const samples = await scrape(metrics)
    const bucket = (le: string) =>
      samples.get(`moderato_pace_wait_seconds_bucket{class="destructive",le="${le}"}`)
    expect([bucket('0'), bucket('+Inf')]).toEqual([2, 3])
  })

  it('asks for gauges at each scrape, and shows none that cannot be had', async () => {
    const metrics = createMetrics({ services })
    let free: number | undefined = 10
    metrics.stateFreeBytes(() => Promise.resolve(free))
    metrics.upstreamExpiry(() => Infinity)
    let fill: [string, number][] | undefined = [['destructive', 0.25]]
    metrics.bucketFill(() => fill)
    expect((await scrape(metrics)).get('moderato_state_free_bytes')).toBe(10)
    expect(await metrics.text()).toContain('moderato_upstream_credentials_expiry_seconds +Inf')
    expect((await scrape(metrics)).get('moderato_bucket_fill_ratio{rule="destructive"}')).toBe(0.25)
    ;[free, fill] = [undefined, undefined]
    const names = [...(await scrape(metrics)).keys()]
    expect(names.filter((name) => /free_bytes|fill_ratio|inflight/.test(name))).toEqual([])
  })

  it('gives each agent one name in all metrics', async () => {
    const metrics = createMetrics({ services, agentLabels: 1 })
    for (const agent of ['a', 'b'])
      metrics.request({
        ...FACTS,
        agent,
        decision: 'deny',
        reason: 'policy_denied',
        would: [{ would: 'deny', reason: 'policy_denied' }],
      })
    const agents = [...(await scrape(metrics)).keys()].flatMap(
      (name) => /agent="(.*?)"/.exec(name)?.[1] ?? [],
    )
    expect(agents.toSorted()).toEqual(['a', 'a', 'a', 'other', 'other', 'other'])
  })

  it('escapes label values', async () => {
    const metrics = createMetrics({ services })
    metrics.policyEvaluation('a"b\\c\nd', 1)
    expect(
      (await scrape(metrics)).get('moderato_policy_evaluation_seconds_count{engine="a\\"b\\\\c\\nd"}'),
    ).toBe(1)
  })
})
