import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DeleteTableCommand, ListTablesCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { BUILDER } from '../support/agents.ts'
import { dynamodb, thrownBy } from '../support/clients.ts'
import { moderato } from '../support/moderato.ts'
import { startProxy, UNHURRIED_PACING, type Proxy } from '../support/proxy.ts'
import { headText, RawConnection, send, signed } from '../support/raw-http.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'
import { startScene } from '../support/scene.ts'

const OTHER = { ...BUILDER, id: 'spiffe://example.org/agent/other', accessKeyId: 'AKIDOTHER' }
const ONE_THEN_HELD = { pacing: { classes: { destructive: { rate: '6/min', burst: 1, maxWait: '20s' } } } }

let upstream: RecordingUpstream
let proxy: Proxy

async function start(settings: Record<string, unknown> = {}): Promise<void> {
  ;({ upstream, proxy } = await startScene({
    agents: [BUILDER, OTHER],
    settings: { upstream: { accountId: '111122223333' }, ...settings },
  }))
}

const drop = (agent = BUILDER) => dynamodb(proxy.url, agent).send(new DeleteTableCommand({ TableName: 't' }))
const list = (agent = BUILDER) => dynamodb(proxy.url, agent).send(new ListTablesCommand({}))
const freeze = async (...args: string[]): Promise<string> => {
  const ran = await moderato(proxy, ['freeze', ...args, '--json'])
  expect(ran).toMatchObject({ code: 0, err: '' })
  return (JSON.parse(ran.out) as { id: string }).id
}

describe('a freeze', () => {
  it('ends the wait of a held call within a second, lets reads pass, and everything when it is lifted', async () => {
    await start(ONE_THEN_HELD)
    await drop()
    const held = thrownBy(drop())
    await proxy.metricReaches('moderato_pace_queue_depth', { class: 'destructive' }, 1)
    let answered = false
    void held.then(() => (answered = true))
    const id = await freeze('--class', 'destructive', '--reason', 'incident 7')
    await vi.waitFor(() => expect(answered).toBe(true), { timeout: 1000, interval: 5 })
    expect(await held).toMatchObject({ name: 'AccessDeniedException', status: 403, attempts: 1 })
    expect((await held).message).toMatch(/admin-token froze it: "incident 7", until it is lifted/)
    await list()
    await dynamodb(proxy.url).send(new PutItemCommand({ TableName: 't', Item: { id: { S: '1' } } }))
    expect((await thrownBy(drop(OTHER))).message).toContain('froze it')
    expect(upstream.recorded).toHaveLength(3)
    expect(await moderato(proxy, ['freeze', 'lift', id])).toMatchObject({
      code: 0,
      out: `lifted ${id}: class destructive; until lifted; by admin-token: incident 7\n`,
    })
    await drop(OTHER)
    expect(upstream.recorded).toHaveLength(4)
    const changes = proxy.records().filter(({ phase }) => phase === 'admin')
    expect(changes).toMatchObject([
      {
        decision: 'allow',
        admin: { does: 'POST /v1/freeze', body: { classes: ['destructive'], reason: 'incident 7' } },
      },
      { decision: 'allow', admin: { does: `DELETE /v1/freeze/${id}` } },
    ])
  })

  it('costs a held call nothing: its place is free again, uncharged', async () => {
    await start({ pacing: { classes: { destructive: { rate: '12/min', burst: 1, maxWait: '9s' } } } })
    await drop()
    const held = thrownBy(drop())
    await proxy.metricReaches('moderato_pace_queue_depth', { class: 'destructive' }, 1)
    const id = await freeze('all', '--reason', 'stop')
    await held
    await moderato(proxy, ['freeze', 'lift', id])
    // Charged for two, this one could not come within its 9 s.
    await drop()
    const { waitedMs } = await proxy.record((record) => Number(record['waitedMs']) > 0)
    expect(Number(waitedMs)).toBeLessThan(5_000)
  }, 30_000)

  it('holds in observe mode, and for the signing endpoint', async () => {
    await start({ policy: { mode: 'observe' } })
    await freeze('all', '--reason', 'stop')
    expect((await thrownBy(list())).message).toContain('froze it')
    const body = JSON.stringify({ type: 's3-url', method: 'GET', bucket: 'bucket', key: 'k' })
    const request = { method: 'POST', target: '/.moderato/v1/sign', headers: {}, body }
    const answer = await send(proxy.url, await signed(proxy.url, request, { service: 'moderato' }))
    expect([answer.status, answer.body.toString()]).toEqual([403, expect.stringContaining('froze it')])
    expect(upstream.arrived).toEqual([])
  })

  it('cuts off an upload that is not whole yet: nobody keeps one back for later', async () => {
    await start({ pacing: UNHURRIED_PACING })
    const headers = { 'content-length': '1000000', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }
    const put = { method: 'PUT', target: '/bucket/key', headers }
    const connection = await RawConnection.open(proxy.url)
    connection.write(headText(await signed(proxy.url, put, { service: 's3' })))
    connection.write('x'.repeat(1000))
    await vi.waitFor(() => expect(upstream.arrived).toHaveLength(1), { timeout: 5000 })
    const cut = new Promise((gone) => upstream.arrived[0]?.once('close', gone))
    await freeze('--class', 'write', '--reason', 'stop')
    await cut
    expect(upstream.recorded).toEqual([])
    const outcome = await proxy.record(({ phase }) => phase === 'outcome')
    expect(outcome).toMatchObject({ operation: 'PutObject', reason: 'frozen' })
    connection.close()
  })

  it('outlives kill -9 and a restart, and is lifted after it', async () => {
    const stateDir = mkdtempSync(join(tmpdir(), 'moderato-frozen-'))
    ;({ upstream, proxy } = await startScene({ stateDir }))
    const id = await freeze('--class', 'destructive', '--reason', 'stop')
    proxy.signal('SIGKILL')
    await proxy.stop()
    proxy = await startProxy({ upstream: upstream.url, stateDir })
    onTestFinished(() => proxy.stop())
    expect((await thrownBy(drop())).message).toContain('admin-token froze it: "stop"')
    await list()
    await moderato(proxy, ['freeze', 'lift', id])
    await drop()
    expect(upstream.recorded).toHaveLength(2)
    rmSync(stateDir, { recursive: true })
  })

  it('comes by the calendar, too', async () => {
    const always = {
      name: 'year end',
      from: '00:00',
      to: '24:00',
      timeZone: 'Europe/Berlin',
      classes: ['destructive'],
    }
    await start({ freeze: { windows: [always] } })
    expect((await thrownBy(drop())).message).toMatch(/freeze window year end is open, until 20/)
    await list()
    expect(await proxy.metric('moderato_freezes_active', { source: 'schedule' })).toBe(1)
    const listed = await moderato(proxy, ['freeze', 'list'])
    expect(listed.out).toMatch(/^window year end: class destructive; OPEN, closes 20/)
  })
})
