/** The state store is gone while the proxy runs: what changes something is refused in words, and comes back by itself. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DeleteTableCommand, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { dynamodb, thrownBy } from '../support/clients.ts'
import type { Proxy } from '../support/proxy.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'
import { startScene } from '../support/scene.ts'
import { missing, VALKEY } from '../support/tools.ts'
import { ValkeyServer } from '../support/valkey.ts'
import { refused } from '../e2e/denial-check.ts'

const ONCE = { maxAttempts: 1 }

let upstream: RecordingUpstream
let proxy: Proxy
let server: ValkeyServer | undefined
afterEach(async () => {
  await server?.stop()
  server = undefined
})

async function start(state: object = {}): Promise<void> {
  ;({ upstream, proxy } = await startScene({ settings: { state } }))
}

async function startWithValkey(more: object = {}): Promise<ValkeyServer> {
  const made = await ValkeyServer.start({ appendonly: 'yes', appendfsync: 'always' })
  server = made
  const folder = mkdtempSync(join(tmpdir(), 'moderato-key-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  await start({ store: 'valkey', url: made.url, keyFile: join(folder, 'ledger-key'), ...more })
  return made
}

const drop = (name: string) =>
  dynamodb(proxy.url, undefined, ONCE).send(new DeleteTableCommand({ TableName: name }))
const list = () => dynamodb(proxy.url, undefined, ONCE).send(new ListTablesCommand({}))
const readiness = async () => {
  const answer = await fetch(`${proxy.adminUrl}/readyz`)
  return {
    status: answer.status,
    ...((await answer.json()) as { state: string; store: { name: string; up: boolean } }),
  }
}

describe.skipIf(missing(VALKEY))('a Valkey that is gone', () => {
  it('shows, is asked again without a restart, and has refilled nothing', async () => {
    const valkey = await startWithValkey()
    expect(await readiness()).toMatchObject({
      status: 200,
      state: 'serving',
      store: { name: 'valkey', up: true },
    })
    await drop('before')
    await valkey.kill()
    const { result } = await refused(proxy, 'state_unavailable', () => thrownBy(drop('while')))
    expect(result).toMatchObject({ name: 'ServiceUnavailableException', status: 503 })
    // Reads go on, so their traffic must be let in.
    expect(await readiness()).toMatchObject({ status: 200, state: 'serving', store: { up: false } })
    expect(await proxy.metric('moderato_state_up')).toBe(0)
    await list()
    await valkey.start()
    await proxy.metricReaches('moderato_state_up', {}, 1)
    await drop('after')
    const names = upstream.recorded.map(({ body }) => String(JSON.parse(body.toString()).TableName))
    expect(names.filter((name) => name !== 'undefined')).toEqual(['before', 'after'])
  })

  it(
    'refuses reads too where it is told so, and says that it is not ready',
    { timeout: 60_000 },
    async () => {
      const valkey = await startWithValkey({ readsWhileDown: 'refuse' })
      await list()
      await valkey.kill()
      await vi.waitFor(
        async () => expect(await readiness()).toMatchObject({ status: 503, state: 'failing' }),
        5_000,
      )
      // Reads are of what operators decided, which is known for some seconds more.
      await vi.waitFor(
        async () => expect(await thrownBy(list())).toMatchObject({ name: 'ServiceUnavailableException' }),
        {
          timeout: 20_000,
          interval: 200,
        },
      )
      await valkey.start()
      await vi.waitFor(list, { timeout: 20_000, interval: 100 })
      expect(await readiness()).toMatchObject({ status: 200 })
    },
  )

  it('is not asked for a call that is neither paced nor a change', async () => {
    const valkey = await startWithValkey()
    const seen: string[] = []
    const monitor = await valkey.client().monitor()
    monitor.on('monitor', (_time: string, words: readonly string[]) => seen.push(words.join(' ')))
    for (let i = 0; i < 50; i += 1) await list()
    await valkey.client().set('mark', 'reads are over')
    await drop('t')
    await vi.waitFor(() => expect(seen.some((each) => each.includes('forwarded:'))).toBe(true), {
      timeout: 15_000,
    })
    monitor.disconnect()
    const mark = seen.findIndex((each) => each.includes('mark'))
    const ofCalls = (lines: readonly string[]) => lines.filter((each) => /:(bucket|forwarded):/.test(each))
    expect(mark).toBeGreaterThan(-1)
    expect(ofCalls(seen.slice(0, mark))).toEqual([])
    expect(ofCalls(seen.slice(mark)).length).toBeGreaterThan(0)
  })
})
