import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { run } from '../../proxy/cli/replay.ts'
import { parseConfig } from '../../proxy/config/load.ts'
import { replay } from '../../proxy/replay/replay.ts'
import { captured } from '../cli/captured.ts'

const START_MS = Date.parse('2026-11-25T10:00:00.000Z')
const AGENT = { id: 'a', accessKeyId: 'AKIDA', secretAccessKey: 's'.repeat(32) }
const ALL = [{ classes: ['read', 'write', 'destructive'], resources: ['*'] }]

function decision(atMs: number, over: Record<string, unknown> = {}): object {
  return {
    time: new Date(START_MS + atMs).toISOString(),
    phase: 'decision',
    requestId: `r${atMs}`,
    agent: 'a',
    service: 'dynamodb',
    operation: 'DeleteTable',
    actions: ['dynamodb:DeleteTable'],
    resources: ['arn:aws:dynamodb:us-east-1:*:table/t'],
    count: 1,
    class: 'destructive',
    classes: ['destructive'],
    traits: [],
    facts: { accessLevel: 'Write', region: 'us-east-1' },
    decision: 'allow',
    reason: 'none',
    ...over,
  }
}

function scene(lines: readonly (object | string)[]) {
  const dir = mkdtempSync(join(tmpdir(), 'moderato-replay-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const segment = join(dir, '00000001.jsonl')
  writeFileSync(
    segment,
    lines.map((each) => `${typeof each === 'string' ? each : JSON.stringify(each)}\n`).join(''),
  )
  const config = (given: object = {}) =>
    parseConfig(
      { agents: [{ ...AGENT, grants: ALL }], ...given },
      { file: 'f', folder: dir, environment: {} },
    ).config
  return { dir, segment, config }
}

const PACE = (rate: string, burst: number, maxWait = '20s') => ({
  pacing: { classes: { destructive: { rate, burst, maxWait } } },
})

describe('replay', () => {
  it('decides no record again that lacks a part of the call, and says how many there are', async () => {
    const time = new Date(START_MS).toISOString()
    const { dir, config } = scene([
      decision(0),
      decision(1, { omitted: 950 }),
      decision(2, { facts: { accessLevel: 'Write', omitted: { actions: 0, unmodelled: 0, parameters: 1 } } }),
      { time, phase: 'refusals', agent: 'a', refusals: { policy_denied: 40, paced: 2 } },
      { time, phase: 'refusals', refusals: { bad_signature: 7 } },
    ])
    const { calls, skipped, unreadable } = await replay(dir, config())
    expect({ calls, skipped, unreadable }).toEqual({
      calls: 1,
      skipped: { 'record bounded': 2, 'only counted': 42, 'no verified agent': 7 },
      unreadable: 0,
    })
  })

  it('says who would wait how long and who would be throttled, without waiting', async () => {
    const { dir, config } = scene(Array.from({ length: 6 }, (_, index) => decision(index)))
    const { rows, calls } = await replay(dir, config(PACE('6/min', 2)))
    expect(calls).toBe(6)
    expect(rows).toEqual([
      {
        agent: 'a',
        class: 'destructive',
        calls: 6,
        before: { allowed: 6, waited: 0, waitP50Ms: 0, waitMaxMs: 0, throttled: 0, denied: {}, frozen: 0 },
        after: {
          allowed: 4,
          waited: 2,
          waitP50Ms: 10_000,
          waitMaxMs: 19_997,
          throttled: 2,
          denied: {},
          frozen: 0,
        },
      },
    ])
  })

  it('lets calls arrive when they arrived, not when their decision was recorded after a wait', async () => {
    const held = decision(20_000, { waitedMs: 19_000 })
    const { dir, config } = scene([decision(0), decision(5_000), held])
    const { rows, from } = await replay(dir, config(PACE('6/min', 2)))
    expect(from).toBe('2026-11-25T10:00:00.000Z')
    expect(rows[0]?.before).toMatchObject({ allowed: 3, waited: 1, waitMaxMs: 19_000 })
    // It came second, 1 s after the first: the one after it is what waits.
    expect(rows[0]?.after).toMatchObject({ allowed: 3, waited: 1, waitMaxMs: 5_000 })
  })

  it('shows what a policy would let through, and fails with --check then', async () => {
    const denied = { decision: 'deny', reason: 'policy_denied' }
    const { dir, config } = scene([decision(0, denied), decision(10_000), decision(20_000, denied)])
    const report = await replay(dir, config())
    expect(report).toMatchObject({ letThrough: 2, stopped: 0 })
    expect(report.rows[0]).toMatchObject({ before: { denied: { policy_denied: 2 } }, after: { denied: {} } })
    const file = join(dir, 'new.yaml')
    writeFileSync(file, JSON.stringify({ agents: [{ ...AGENT, grants: ALL }] }), { mode: 0o600 })
    const asked = captured()
    expect(await run([dir, '--config', file, '--check'], asked.io)).toBe(1)
    expect(asked.out()).toContain('denied now, would go: 2')
    expect(asked.out()).toContain('Not replayed: signatures, freezes by people')
    expect(asked.out()).toContain('differences in all: 2')
  })

  it('compares with another configuration in place of the record', async () => {
    const { dir, config } = scene([decision(0), decision(10_000)])
    const none = config({ agents: [{ ...AGENT, grants: [] }] })
    expect(await replay(dir, none, config())).toMatchObject({ letThrough: 0, stopped: 2 })
    expect(await replay(dir, config(), none)).toMatchObject({ letThrough: 2, stopped: 0 })
  })

  it('narrows the calls of a task by what it was opened with', async () => {
    const scopes = [{ grants: [{ classes: ['read'], resources: ['*'] }] }]
    const opening = decision(0, {
      task: 't',
      facts: { accessLevel: 'Write', task: { root: 'r', ancestors: [], scopes } },
    })
    const { dir, config } = scene([
      opening,
      decision(1_000, { task: 't' }),
      decision(2_000, { task: 'other' }),
    ])
    const report = await replay(dir, config())
    expect(report.rows[0]?.after).toMatchObject({ allowed: 1, denied: { policy_denied: 1 } })
    expect(report.tasksUnknown).toBe(1)
  })

  it('passes over other phases, counts what cannot be decided again, and survives a torn last line', async () => {
    const { dir, segment, config } = scene([
      { phase: 'start', settings: [] },
      decision(0),
      { phase: 'outcome', requestId: 'r0' },
      { phase: 'drift', agent: 'a' },
      decision(1, { agent: undefined, reason: 'bad_signature', decision: 'deny' }),
      decision(2, { reason: 'quarantined', decision: 'deny' }),
      decision(3, { reason: 'quarantined', decision: 'deny' }),
    ])
    appendFileSync(segment, JSON.stringify(decision(4)).slice(0, 200))
    expect(await replay(dir, config())).toMatchObject({
      calls: 1,
      skipped: { 'no verified agent': 1, quarantined: 2 },
      unreadable: 1,
    })
  })

  it('knows the windows of a change freeze, by the time of the calls', async () => {
    const { dir, config } = scene([decision(0), decision(3_600_000)])
    const window = { name: 'noon', days: ['wed'], from: '10:30', to: '12:00', timeZone: 'UTC' }
    const { rows } = await replay(dir, config({ freeze: { windows: [window] } }))
    expect(rows[0]?.after).toMatchObject({ allowed: 1, frozen: 1, denied: {} })
  })

  it('counts a call as refused that people would have to approve, unless they had', async () => {
    const approvals = [{ classes: ['destructive'] }]
    const { dir, config } = scene([decision(0), decision(10_000, { approval: 'a1' })])
    const { rows } = await replay(
      dir,
      config({ policy: { approvals }, admin: { people: [{ id: 'alice', tokenSha256: '0'.repeat(64) }] } }),
    )
    expect(rows[0]?.after).toMatchObject({ allowed: 1, denied: { approval_required: 1 } })
  })

  it('judges parameters that the catalogue lacks by their recorded names', async () => {
    const unmodelled = { accessLevel: 'Write', unmodelled: ['"Table.New"'] }
    const { dir, config } = scene([
      decision(0, { facts: unmodelled, decision: 'deny', reason: 'unmodelled' }),
    ])
    expect(await replay(dir, config())).toMatchObject({ letThrough: 0 })
    const allowing = config({ policy: { allowUnmodelled: ['dynamodb:DeleteTable:Table.New'] } })
    expect(await replay(dir, allowing)).toMatchObject({ letThrough: 1 })
  })

  it('counts apart what was refused before it was known what it does', async () => {
    const { dir, config } = scene([
      decision(0, { agent: undefined, facts: undefined, decision: 'deny', reason: 'malformed_request' }),
      decision(1, { facts: undefined, service: undefined, decision: 'deny', reason: 'malformed_request' }),
      decision(2, { facts: undefined }),
    ])
    const { calls, skipped, unreadable } = await replay(dir, config())
    expect({ calls, skipped, unreadable }).toEqual({
      calls: 0,
      skipped: { 'no verified agent': 1, malformed_request: 1 },
      unreadable: 1,
    })
  })

  it('counts openings of tasks apart, and knows no task that was refused', async () => {
    const asked = { root: 'r', intent: '"x"' }
    const granted = { ...asked, ancestors: [], scopes: [{ grants: ALL }] }
    const opening = (task: string, facts: object, over: object = {}) =>
      decision(0, { task, facts: { accessLevel: 'Write', task: facts }, ...over })
    const { dir, config } = scene([
      opening('t', granted),
      opening('no', asked, { decision: 'deny', reason: 'task_not_approved' }),
      opening('late', granted, { decision: 'deny', reason: 'policy_denied' }),
      decision(1, { task: 'no' }),
      decision(2, { task: 'late' }),
      decision(3, { service: 'moderato', operation: 'EndTask' }),
    ])
    expect(await replay(dir, config())).toMatchObject({
      calls: 2,
      tasksUnknown: 2,
      skipped: { 'openings of tasks': 3, 'requests to Moderato itself': 1 },
    })
  })

  it('judges and paces calls under the break-glass that was open for them', async () => {
    const open = {
      breakglass: 'bg-1',
      facts: {
        accessLevel: 'Write',
        region: 'us-east-1',
        breakglass: { classes: ['destructive'], resources: ['*:table/t'] },
      },
    }
    const opened = { phase: 'breakglass', breakglass: 'bg-1', agent: 'a', opened: { pace: true } }
    const calls = [0, 1, 2].map((atMs) => decision(atMs, open))
    const given = {
      ...PACE('6/min', 1, '0s'),
      agents: [{ ...AGENT, grants: [] }],
      breakglass: { pace: { rate: '60/min', burst: 5, maxWait: '1s' } },
    }
    const widened = scene([opened, ...calls])
    expect(await replay(widened.dir, widened.config(given))).toMatchObject({
      differences: 0,
      underBreakglass: 3,
    })
    const own = scene([{ ...opened, opened: { pace: false } }, ...calls])
    expect(await replay(own.dir, own.config(given))).toMatchObject({ differences: 2, stopped: 0 })
    const none = scene([opened, ...[0, 1].map((atMs) => decision(atMs))])
    expect(await replay(none.dir, none.config(given))).toMatchObject({ stopped: 2, underBreakglass: 0 })
  })

  it('lets a call skip its pace only if all who approved it said so', async () => {
    const said = (id: string, skipPace: boolean) => ({
      phase: 'approval',
      approval: id,
      decision: 'approve',
      admin: { subject: 'p', body: { uses: 1, skipPace } },
    })
    const { dir, config } = scene([
      said('a1', true),
      said('a2', true),
      said('a2', false),
      decision(0),
      decision(1, { approval: 'a1' }),
      decision(2, { approval: 'a2', decision: 'throttle', reason: 'paced' }),
    ])
    expect(await replay(dir, config(PACE('6/min', 1, '0s')))).toMatchObject({ calls: 3, differences: 0 })
  })

  it('slows an agent as a watcher did, whose findings it counts', async () => {
    const at = (ms: number) => new Date(START_MS + ms).toISOString()
    const drift = {
      detector: 'fanout',
      response: 'slow',
      findings: 3,
      factor: 10,
      from: at(5_000),
      until: at(65_000),
    }
    const throttled = { decision: 'throttle', reason: 'paced' }
    const { dir, config } = scene([
      decision(0),
      { phase: 'drift', agent: 'a', drift },
      // What was charged before stays as it was.
      decision(10_000),
      decision(20_000, throttled),
      decision(60_000, throttled),
      decision(130_000),
    ])
    const report = await replay(dir, config(PACE('6/min', 1, '0s')))
    expect(report).toMatchObject({ calls: 5, differences: 0, watchers: { fanout: 3 } })
    const other = scene([decision(0), decision(10_000), decision(20_000, throttled)])
    expect(await replay(other.dir, other.config(PACE('6/min', 1, '0s')))).toMatchObject({ differences: 1 })
  })

  it('counts approvals apart that a watcher demanded, while it did', async () => {
    const at = (ms: number) => new Date(START_MS + ms).toISOString()
    const drift = { detector: 'fanout', response: 'approve', from: at(5_000), until: at(65_000) }
    const refused = { decision: 'deny', reason: 'approval_required', approval: 'a1' }
    const { dir, config } = scene([
      { phase: 'drift', agent: 'a', drift },
      decision(10_000, refused),
      decision(20_000, { approval: 'a2' }),
      decision(70_000, refused),
    ])
    expect(await replay(dir, config())).toMatchObject({
      calls: 2,
      differences: 1,
      letThrough: 1,
      skipped: { 'approvals that a watcher demanded': 1 },
    })
  })

  it('counts calls apart that other rules may class otherwise than those in force when they were made', async () => {
    const entry = { operation: 'dynamodb:DeleteTable', classes: ['write'] }
    const start = {
      phase: 'start',
      settings: [{ path: 'catalogue.overrides', value: [entry], source: 'file' }],
    }
    const reload = {
      phase: 'config',
      config: { result: 'applied', changes: [{ path: 'catalogue.overrides', before: [entry], after: [] }] },
    }
    const { dir, config } = scene([
      start,
      decision(0),
      decision(1, { operation: 'CreateTable' }),
      reload,
      decision(2),
    ])
    const apart = async (overrides: readonly object[]) =>
      (await replay(dir, config({ catalogue: { overrides } }))).skipped['other class rules']
    expect(await apart([{ classes: ['write'], operation: 'dynamodb:DeleteTable' }])).toBe(1)
    expect(await apart([])).toBe(1)
    expect(await apart([{ operation: '*:*', add: ['protection'] }])).toBe(3)
    const tags = await replay(
      dir,
      config({ catalogue: { overrides: [entry], guardedTags: ['environment'] } }),
    )
    expect(tags.skipped).toEqual({ 'other class rules': 1 })
  })

  it('reads segment after segment, and keeps no more of them than what may still arrive', async () => {
    const { dir, config } = scene(
      Array.from({ length: 5_000 }, (_, index) => decision(index * 1_000, { requestId: `r${index}` })),
    )
    writeFileSync(join(dir, '00000002.jsonl'), `${JSON.stringify(decision(5_000_000))}\n`)
    const report = await replay(dir, config(PACE('60/min', 2)))
    expect(report).toMatchObject({ calls: 5_001, to: new Date(START_MS + 5_000_000).toISOString() })
    expect(report.rows[0]?.after).toMatchObject({ allowed: 5_001, waited: 0 })
  })
})

describe('moderato replay', () => {
  it('says how it is used, and what it cannot read', async () => {
    const wrong = captured()
    expect(await run([], wrong.io)).toBe(2)
    const { dir } = scene([])
    const missing = captured()
    expect(await run([dir, '--config', join(dir, 'none.yaml')], missing.io)).toBe(1)
    expect(missing.err()).toContain('none.yaml')
  })
})
