import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DeleteTableCommand, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { describe, expect, it, vi } from 'vitest'
import { BUILDER, READER } from '../support/agents.ts'
import { dynamodb, thrownBy } from '../support/clients.ts'
import type { AuditLine, Proxy } from '../support/proxy.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'
import { startScene } from '../support/scene.ts'

const HELD = { destructive: { rate: '6/min', burst: 1, maxWait: '20s' } }
const ONCE = { maxAttempts: 1 }

let upstream: RecordingUpstream
let proxy: Proxy

async function start(settings: Record<string, unknown> = {}): Promise<void> {
  ;({ upstream, proxy } = await startScene({ agents: [BUILDER, READER], settings }))
}

const drop = (config = {}) =>
  dynamodb(proxy.url, BUILDER, config).send(new DeleteTableCommand({ TableName: 't' }))
const list = (agent = BUILDER) => dynamodb(proxy.url, agent, ONCE).send(new ListTablesCommand({}))
const reloads = (): AuditLine[] => proxy.records().filter(({ phase }) => phase === 'config')
const headers = () => ({
  authorization: `Bearer ${readFileSync(join(proxy.stateDir, 'admin-token'), 'utf8').trim()}`,
  'content-type': 'application/json',
})

/** One more reload, when it has been recorded. */
async function reloaded(cause: () => void | Promise<unknown>): Promise<{
  by: string
  result: string
  changes: { path: string }[]
  findings: { path: string; message: string }[]
}> {
  const before = reloads().length
  await cause()
  await expect.poll(() => reloads().length, { timeout: 5000 }).toBeGreaterThan(before)
  return reloads().at(-1)?.['config'] as Awaited<ReturnType<typeof reloaded>>
}

/** What a call throws that waits for its turn while the configuration changes. */
async function whileHeld(change: (config: Record<string, unknown>) => Record<string, unknown>) {
  const held = thrownBy(drop(ONCE))
  await proxy.metricReaches('moderato_pace_queue_depth', { class: 'destructive' }, 1)
  const reload = await reloaded(() => proxy.reconfigure(change))
  expect(reload).toMatchObject({ by: 'file', result: 'applied' })
  return held
}

describe('a reload', () => {
  it('follows the file, SIGHUP and the admin API, and says what it changed', async () => {
    await start()
    await list(READER)
    const byFile = await reloaded(() => proxy.reconfigure((config) => ({ ...config, agents: [BUILDER] })))
    expect(byFile).toMatchObject({
      by: 'file',
      result: 'applied',
      changes: [{ path: `agents[${READER.id}]`, before: { id: READER.id, secretAccessKey: '***' } }],
    })
    expect((await thrownBy(list(READER))).name).toBe('UnrecognizedClientException')
    await list()
    expect(await reloaded(() => proxy.signal('SIGHUP'))).toMatchObject({ by: 'SIGHUP', result: 'unchanged' })
    const post = () =>
      fetch(`${proxy.adminUrl}/v1/reload`, { method: 'POST', headers: headers(), body: '{}' })
    expect(await reloaded(post)).toMatchObject({ by: 'admin-token', result: 'unchanged' })
    expect(await proxy.metric('moderato_config_reloads_total', { result: 'applied' })).toBe(1)
    expect(await proxy.metric('moderato_config_reloads_total', { result: 'unchanged' })).toBe(2)
    const shown = (await (
      await fetch(`${proxy.adminUrl}/v1/config`, { headers: headers() })
    ).json()) as object
    expect(shown).toMatchObject({
      file: proxy.configFile,
      lastReload: { by: 'admin-token', result: 'unchanged' },
    })
    expect(JSON.stringify(shown) + proxy.log() + JSON.stringify(reloads())).not.toContain(
      READER.secretAccessKey,
    )
  })

  it('says in one line of the log what changed: names and values, but no secret', async () => {
    await start()
    const startedSeconds = Date.now() / 1000
    const rules = [
      {
        name: 'token-budget',
        classes: ['credentials'],
        per: ['agent'],
        rate: '1/h',
        burst: 1,
        maxWait: '0s',
      },
    ]
    await reloaded(() =>
      proxy.reconfigure((config) => ({
        ...config,
        agents: [{ ...READER, grants: [{ classes: ['write'], resources: ['arn:aws:s3:::new-*'] }] }],
        policy: { mode: 'observe' },
        pacing: { ...(config['pacing'] as object), rules },
        admin: { people: [{ id: 'alice@example.org', tokenSha256: 'ab'.repeat(32) }] },
      })),
    )
    const line = await vi.waitFor(
      () => {
        const found = proxy
          .log()
          .split('\n')
          .find((each) => each.includes('configuration reloaded: applied'))
        if (found === undefined) throw new Error('no line')
        return JSON.parse(found) as {
          msg: string
          changes: { path: string; before: unknown; after: unknown }[]
        }
      },
      { timeout: 15_000 },
    )
    expect(line.msg).toContain('configuration reloaded: applied: ')
    const paths = [
      'agents[' + BUILDER.id + ']',
      'agents[' + READER.id + '].grants',
      'policy.mode',
      'pacing.rules[token-budget]',
      'admin.people[alice@example.org]',
    ]
    for (const path of paths) expect(line.msg).toContain(path)
    expect(reloads().at(-1)?.['config']).toMatchObject({ changes: line.changes })
    expect(line.changes.find(({ path }) => path.endsWith('.grants'))?.after).toEqual([
      { classes: ['write'], resources: ['arn:aws:s3:::new-*'] },
    ])
    expect(line.changes.find(({ path }) => path.includes('token-budget'))?.after).toMatchObject({
      name: 'token-budget',
      classes: ['credentials'],
    })
    expect(proxy.log()).not.toContain(BUILDER.secretAccessKey)
    expect(await proxy.metric('moderato_config_last_reload_success')).toBe(1)
    const at = await proxy.metric('moderato_config_last_reload_timestamp_seconds')
    expect(at).toBeGreaterThan(startedSeconds)
    await reloaded(() => proxy.reconfigureText('agents: [{'))
    expect(await proxy.metric('moderato_config_last_reload_success')).toBe(0)
  })

  it('applies all that only calls are judged by', async () => {
    await start({ log: { level: 'warn' } })
    const change = (config: Record<string, unknown>) => ({
      ...config,
      policy: { mode: 'observe' },
      log: { level: 'info' },
      signatures: { maxSkew: '1m' },
      limits: { bufferedBodyBytes: 10, inFlightPerAgent: 7 },
      freeze: { windows: [{ name: 'w', from: '00:00', to: '24:00', timeZone: 'UTC', services: ['sqs'] }] },
    })
    expect((await reloaded(() => proxy.reconfigure(change))).changes.map(({ path }) => path)).toEqual([
      'policy.mode',
      'signatures.maxSkew',
      'limits.bufferedBodyBytes',
      'limits.inFlightPerAgent',
      'freeze.windows[w]',
      'log.level',
    ])
    expect(await (await fetch(`${proxy.adminUrl}/readyz`)).json()).toMatchObject({ mode: 'observe' })
    expect(proxy.log()).toContain('configuration reloaded: applied')
    const late = dynamodb(proxy.url, BUILDER, { ...ONCE, systemClockOffset: -120_000 })
    expect((await thrownBy(late.send(new ListTablesCommand({})))).message).toMatch(/at most 60 s are allowed/)
    const large = new ListTablesCommand({ ExclusiveStartTableName: 'long-enough' })
    expect((await thrownBy(dynamodb(proxy.url, BUILDER, ONCE).send(large))).message).toContain(
      'at most 10 bytes',
    )
    expect(await proxy.metric('moderato_freezes_active', { source: 'schedule' })).toBe(1)
  })

  it('refuses the whole where a part needs a restart, or is wrong, and keeps the last good one', async () => {
    await start()
    const moved = await reloaded(() =>
      proxy.reconfigure((config) => ({
        ...config,
        agents: [],
        listen: { agents: '127.0.0.1:1', admin: '127.0.0.1:0' },
      })),
    )
    expect(moved).toMatchObject({
      result: 'refused',
      findings: [{ path: 'listen.agents.port', message: expect.stringContaining('restart') }],
    })
    await list()
    const wrong = await reloaded(() => proxy.reconfigure((config) => ({ ...config, agent: [] })))
    expect(wrong).toMatchObject({
      result: 'refused',
      findings: [
        { path: 'agent', message: expect.stringMatching(/^is not a setting: give listen, .*agents/) },
      ],
    })
    const empty = await reloaded(() => writeFileSync(proxy.configFile, '\n'))
    expect(empty).toMatchObject({ result: 'refused', findings: [{ message: 'is empty' }] })
    const gone = await reloaded(() => proxy.reconfigureText('agents: [{'))
    expect(gone.result).toBe('refused')
    const answer = await fetch(`${proxy.adminUrl}/v1/reload`, {
      method: 'POST',
      headers: headers(),
      body: '{}',
    })
    expect([answer.status, await answer.json()]).toMatchObject([409, { error: 'not_reloaded' }])
    await list()
    await expect.poll(() => proxy.metric('moderato_config_reloads_total', { result: 'refused' })).toBe(5)
    expect(proxy.log()).toContain('the previous one stays in force')
  })

  it('refuses no call while its file is written in two parts, a second apart', async () => {
    await start()
    const text = readFileSync(proxy.configFile, 'utf8')
    const { agents, ...first } = JSON.parse(text) as Record<string, unknown>
    writeFileSync(proxy.configFile, JSON.stringify(first))
    await expect.poll(() => proxy.log(), { timeout: 5000 }).toContain('says less than before')
    await list()
    writeFileSync(proxy.configFile, JSON.stringify({ ...first, agents, log: { level: 'debug' } }))
    await expect
      .poll(() => reloads().at(-1)?.['config'], { timeout: 5000 })
      .toMatchObject({ result: 'applied' })
    await list()
    const empty = await reloaded(() => writeFileSync(proxy.configFile, JSON.stringify(first)))
    expect(empty).toMatchObject({
      result: 'refused',
      findings: [{ path: 'agents', message: expect.stringContaining('2 agents are in force') }],
    })
    await list()
    const meant = { ...first, log: { level: 'debug' }, allowEmpty: true }
    expect(await reloaded(() => writeFileSync(proxy.configFile, JSON.stringify(meant)))).toMatchObject({
      result: 'applied',
    })
    expect((await thrownBy(list())).name).toBe('UnrecognizedClientException')
  }, 30_000)

  it('S4: a grant that is taken away refuses the call that waits', async () => {
    await start({ pacing: { classes: HELD } })
    await drop()
    const thrown = await whileHeld((config) => ({
      ...config,
      agents: [{ ...BUILDER, grants: READER.grants }],
    }))
    expect(thrown).toMatchObject({ name: 'AccessDeniedException', status: 403 })
    expect(thrown.message).toContain('policy_denied')
    expect(upstream.recorded).toHaveLength(1)
  })

  it('S4: a key that is withdrawn, given away or has another secret refuses the call that waits', async () => {
    const other = { ...BUILDER, secretAccessKey: 'another-secret-with-more-than-32-characters' }
    const given = { ...BUILDER, id: 'spiffe://example.org/agent/somebody-else' }
    for (const agents of [[READER], [other], [given]]) {
      await start({ pacing: { classes: HELD } })
      await drop()
      const thrown = await whileHeld((config) => ({ ...config, agents }))
      expect(thrown.name).toBe('UnrecognizedClientException')
      expect(upstream.recorded).toHaveLength(1)
      await proxy.stop()
      await upstream.stop()
    }
  })

  it('follows the policy bundle, and people who come and go', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'moderato-bundle-'))
    const bundle = join(folder, 'bundle')
    cpSync(join(import.meta.dirname, '../../rego/bundle'), bundle, { recursive: true })
    const token = 'a'.repeat(43)
    const people = [{ id: 'alice', tokenSha256: createHash('sha256').update(token).digest('hex') }]
    await start({ policy: { bundle }, admin: { people } })
    const alice = () =>
      fetch(`${proxy.adminUrl}/v1/policy`, { headers: { authorization: `Bearer ${token}` } })
    const manifest = JSON.parse(readFileSync(join(bundle, '.manifest'), 'utf8')) as object
    const revised = () =>
      writeFileSync(join(bundle, '.manifest'), JSON.stringify({ ...manifest, revision: 'newer' }))
    expect(await reloaded(revised)).toMatchObject({ by: 'file', result: 'applied', changes: [] })
    expect(await (await alice()).json()).toMatchObject({ revision: expect.stringMatching(/^newer/) })
    const broken = () => writeFileSync(join(bundle, 'policy.wasm'), 'no wasm')
    expect(await reloaded(broken)).toMatchObject({ result: 'refused' })
    await list()
    cpSync(join(import.meta.dirname, '../../rego/bundle'), bundle, { recursive: true })
    await expect.poll(() => reloads().at(-1)?.['config']).toMatchObject({ result: 'applied' })
    await reloaded(() => proxy.reconfigure((config) => ({ ...config, admin: {} })))
    expect((await alice()).status).toBe(401)
    rmSync(folder, { recursive: true })
  })

  it('changes the pace of later calls, and gives no charge back', async () => {
    await start({ pacing: { classes: { destructive: { rate: '1/h', burst: 2, maxWait: '0s' } } } })
    await drop()
    await drop()
    expect((await thrownBy(drop(ONCE))).name).toBe('ThrottlingException')
    const classes = (destructive: object) => (config: Record<string, unknown>) => ({
      ...config,
      pacing: { classes: { destructive } },
    })
    await reloaded(() => proxy.reconfigure(classes({ rate: '2/h', burst: 2, maxWait: '1s' })))
    const thrown = await thrownBy(drop(ONCE))
    expect(thrown.message).toContain('2/h')
    await reloaded(() => proxy.reconfigure(classes({ rate: '1/h', burst: 3, maxWait: '0s' })))
    await drop()
    expect((await thrownBy(drop(ONCE))).name).toBe('ThrottlingException')
    expect(upstream.recorded).toHaveLength(3)
  })

  it('S7: what the environment may not loosen at start, it may not at a reload', async () => {
    const environment = { MODERATO_POLICY_MODE: 'observe' }
    const settings = { allowEnvironment: true }
    ;({ upstream, proxy } = await startScene({ agents: [READER], settings, environment }))
    const reload = await reloaded(() =>
      proxy.reconfigure((config) => ({ ...config, allowEnvironment: false })),
    )
    expect(reload).toMatchObject({ result: 'refused', findings: [{ path: 'policy.mode' }] })
  })
})
