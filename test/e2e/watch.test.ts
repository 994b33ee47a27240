import { join } from 'node:path'
import { CreateTableCommand, DeleteTableCommand, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { DeleteObjectCommand } from '@aws-sdk/client-s3'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { run as quarantine } from '../../proxy/cli/quarantine.ts'
import { parseConfig } from '../../proxy/config/load.ts'
import { captured } from '../cli/captured.ts'
import { BUILDER, READER } from '../support/agents.ts'
import { dynamodb, s3, thrownBy } from '../support/clients.ts'
import { chapterBlocks } from '../support/markdown.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { send, signed } from '../support/raw-http.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'
import { startScene } from '../support/scene.ts'
import { expectNextStep, refused } from './denial-check.ts'

const ONCE = { maxAttempts: 1 }
const list = new ListTablesCommand({})
const drop = (TableName: string) => new DeleteTableCommand({ TableName })
const STORM = { 'retry-storm': { response: 'quarantine' } }

let upstream: RecordingUpstream
let proxy: Proxy

async function start(detectors: object = {}, settings: Record<string, unknown> = {}): Promise<void> {
  ;({ upstream, proxy } = await startScene({
    agents: [BUILDER, READER],
    settings: { watch: { detectors }, ...settings },
  }))
}

/** Five refusals of one call. */
async function storm(agent = READER): Promise<void> {
  for (let tries = 0; tries < 5; tries++) await thrownBy(dynamodb(proxy.url, agent).send(drop('t')))
}

const drifts = () => proxy.records().filter(({ phase }) => phase === 'drift')

async function operate(...args: string[]) {
  const { io, out, err } = captured()
  const token = join(proxy.stateDir, 'admin-token')
  const code = await quarantine([...args, '--admin', proxy.adminUrl, '--token-file', token], io)
  return { code, out: out(), err: err() }
}

describe('a watcher', () => {
  it('marks and alerts by itself, in words, with the requests that led to it, and refuses nothing', async () => {
    await start()
    await storm()
    const drift = await proxy.record(({ phase }) => phase === 'drift')
    const refusals = proxy.records().filter(({ reason }) => reason === 'policy_denied')
    expect(drift).toMatchObject({
      agent: READER.id,
      detail:
        'dynamodb:DeleteTable on "dynamodb:us-east-1:table/t" was refused 5 times within 60 s (policy_denied), and it keeps trying.',
      drift: {
        detector: 'retry-storm',
        response: 'alert',
        requests: 5,
        requestIds: refusals.map(({ requestId }) => requestId),
      },
    })
    expect(proxy.log()).toContain('an agent drifts')
    await dynamodb(proxy.url, READER).send(list)
    expect(await proxy.metric('moderato_drift_total', { detector: 'retry-storm', response: 'alert' })).toBe(1)
  })

  it('quarantined: all of the agent is refused, once; a person lifts it', async () => {
    await start(STORM)
    await storm()
    await proxy.record(({ phase }) => phase === 'drift')
    const { result } = await refused(proxy, 'quarantined', () =>
      thrownBy(dynamodb(proxy.url, READER).send(list)),
    )
    expect(result).toMatchObject({ name: 'AccessDeniedException', status: 403, attempts: 1 })
    expect(result.message).toMatch(
      /watcher retry-storm stopped this agent until 20[\d-]+T[\d:.]+Z: dynamodb:DeleteTable/,
    )
    expectNextStep(result, 'quarantined')
    const byWatcher = { kind: 'quarantine', rule: 'watcher retry-storm' }
    expect(await proxy.metric('moderato_rule_denials_total', byWatcher)).toBe(1)
    await dynamodb(proxy.url, BUILDER).send(list)

    expect((await operate('list')).out).toContain(`${READER.id}: until 20`)
    expect(await operate('lift', READER.id)).toMatchObject({ code: 0 })
    await dynamodb(proxy.url, READER).send(list)
    expect(await operate('lift', READER.id)).toMatchObject({ code: 1 })
    expect(drifts()).toHaveLength(1)
  })

  it('quarantined: nothing is opened for the agent either, neither a task nor a token', async () => {
    await start()
    expect(await operate('add', BUILDER.id, '--reason', 'looks wrong')).toMatchObject({ code: 0 })
    const asked = [
      ['tasks', { intent: 'look', justification: 'a person asked for it, in a ticket' }],
      ['sign', { type: 'eks-token', cluster: 'dev' }],
    ] as const
    for (const [what, ask] of asked) {
      const body = JSON.stringify(ask)
      const headers = { 'content-type': 'application/json', 'content-length': String(body.length) }
      const request = { method: 'POST', target: `/.moderato/v1/${what}`, headers, body }
      const answer = await send(proxy.url, await signed(proxy.url, request, { service: 'moderato' }))
      expect(answer.status).toBe(403)
      expect(answer.body.toString()).toContain('looks wrong')
    }
  })

  it.each([
    [{ detectors: { fanout: { response: 'approve' } } }, 'admin.people names nobody'],
    [{ alerts: { url: 'https://example.org/', secretFile: '/nowhere/secret' } }, 'nowhere/secret'],
    [{ alerts: { url: 'http://example.org/', secretFile: 'secret' } }, 'must be an https URL'],
    [{ detectors: { nothing: {} } }, 'is no detector; there are recreate-loop, fanout'],
  ])('is not started with what it could not do: %j', async (watch, words) => {
    const started = startProxy({ upstream: 'http://127.0.0.1:1', agents: [READER], settings: { watch } })
    await expect(started).rejects.toThrow(words)
  })

  it('does not answer its own answers: a quarantined agent that goes on trips nothing more', async () => {
    await start({ ...STORM, 'blind-and-burn': { response: 'mark' } })
    await storm()
    await proxy.record(({ phase }) => phase === 'drift')
    for (let tries = 0; tries < 30; tries++) await thrownBy(dynamodb(proxy.url, READER).send(drop('t')))
    await proxy.metricReaches('moderato_denials_total', { reason: 'quarantined' }, 30)
    expect(await proxy.metric('moderato_drift_total')).toBe(1)
  })

  it('quarantines in observe mode too', async () => {
    await start(
      { 'blind-and-burn': { response: 'quarantine' }, 'mass-delete': { things: 1, response: 'quarantine' } },
      { policy: { mode: 'observe' } },
    )
    await dynamodb(proxy.url, READER).send(drop('t'))
    await proxy.record(({ phase }) => phase === 'drift')
    expect(await thrownBy(dynamodb(proxy.url, READER).send(list))).toMatchObject({ status: 403 })
  })

  it('counts nothing against an agent whose access key id a stranger knows', async () => {
    await start({ ...STORM, 'read-to-destructive': { response: 'quarantine' } })
    const stranger = { ...READER, secretAccessKey: 'a-secret-that-the-stranger-made-up-himself' }
    for (let tries = 0; tries < 30; tries++) {
      const thrown = await thrownBy(dynamodb(proxy.url, stranger).send(drop('t')))
      expect(thrown.name).toMatch(/Signature/)
    }
    await dynamodb(proxy.url, READER).send(list)
    await proxy.record(({ operation }) => operation === 'ListTables')
    expect(drifts()).toEqual([])
    expect((await operate('list')).out).toBe('no agent is in quarantine\n')
  })

  it('does what is configured for it in place of the alert', async () => {
    await start({ 'recreate-loop': { pairs: 1, response: 'slow' } })
    const client = dynamodb(proxy.url, BUILDER)
    await client.send(drop('t'))
    await client.send(
      new CreateTableCommand({
        TableName: 't',
        KeySchema: [],
        AttributeDefinitions: [],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    )
    const drift = await proxy.record((line) => JSON.stringify(line).includes('"recreate-loop"'))
    expect(drift).toMatchObject({ drift: { response: 'slow' } })
  })
})

describe('the response approve', () => {
  it('has people approve every change of the agent, and nothing that it only reads', async () => {
    const people = [{ id: 'alice', tokenSha256: '0'.repeat(64) }]
    await start({ 'read-to-destructive': { response: 'approve' } }, { admin: { people } })
    await dynamodb(proxy.url).send(drop('t'))
    await proxy.record(({ phase }) => phase === 'drift')
    const thrown = await thrownBy(dynamodb(proxy.url).send(drop('u')))
    expect(thrown).toMatchObject({ name: 'AccessDeniedException', status: 403 })
    expect(thrown.message).toContain('which it had never looked at before')
    expect(thrown.message).toContain('approval_required')
    expect(thrown.message).toContain('Approval rule: watcher read-to-destructive.')
    await proxy.metricReaches('moderato_rule_asks_total', { rule: 'watcher read-to-destructive' }, 1)
    await dynamodb(proxy.url).send(list)
  })
})

describe('a person', () => {
  it('stops an agent: its held calls are answered within a second, and nothing of them is forwarded', async () => {
    await start({}, { pacing: { classes: { 'data-delete': { rate: '3/min', burst: 1, maxWait: '45s' } } } })
    const remove = (Key: string) =>
      s3(proxy.url, BUILDER, ONCE).send(new DeleteObjectCommand({ Bucket: 'b', Key }))
    await remove('first')
    const held = thrownBy(remove('held'))
    await proxy.metricReaches('moderato_pace_queue_depth', { class: 'data-delete' }, 1)
    const stopped = await operate('add', BUILDER.id, '--reason', 'looks wrong', '--for', '10m')
    expect(stopped).toMatchObject({ code: 0 })
    expect(await held).toMatchObject({ name: 'AccessDenied', status: 403 })
    expect(upstream.recorded).toHaveLength(1)
    await proxy.record((line) => line.phase === 'admin')
    expect(JSON.stringify(proxy.records().filter(({ phase }) => phase === 'admin'))).toContain('looks wrong')
  })

  it('is told what is wrong with a command', async () => {
    await start()
    expect(await operate('add', BUILDER.id)).toMatchObject({ code: 2 })
    expect(await operate('lift')).toMatchObject({ code: 2 })
    const nobody = await operate('add', BUILDER.id.slice(0, -1), '--reason', 'x')
    expect(nobody).toMatchObject({
      code: 1,
      out: expect.stringContaining(
        `NOBODY IS STOPPED: there is no agent ${BUILDER.id.slice(0, -1)}; did you mean ${BUILDER.id}?`,
      ),
    })
    expect(await operate('add', 'nobody', '--reason', 'x', '--json')).toMatchObject({ code: 1 })
    expect(await operate('add', BUILDER.id, '--reason', 'x', '--for', 'soon')).toMatchObject({ code: 1 })
  })
})

describe('the example of docs/watchers.md', () => {
  it('is a configuration as it stands', () => {
    const [example = ''] = chapterBlocks('docs/watchers.md', '## First steps', 'yaml')
    const { config } = parseConfig(parse(example), { file: 'moderato.yaml', folder: '/tmp', environment: {} })
    expect(config.watch.detectors.fanout).toMatchObject({ response: 'slow', factor: 10, for: 7_200_000 })
    expect(config.watch.alerts?.secretFile).toBe('/tmp/alert-secret')
  })
})
