/** A Valkey that loses what it had, or that somebody got at, seen from agents and operators. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ALICE, approvalIn, approvals, PEOPLE } from '../support/approvers.ts'
import { BUILDER, READER } from '../support/agents.ts'
import { thrownBy } from '../support/clients.ts'
import { moderato } from '../support/moderato.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { RecordingUpstream } from '../support/recording-upstream.ts'
import { dropTable, listTables, readiness } from '../support/store-scene.ts'
import { askTasks } from '../support/tasks.ts'
import { missing, VALKEY } from '../support/tools.ts'
import { ValkeyServer } from '../support/valkey.ts'

const ENTRIES = '{moderato}:ledger:entries'
const REVISIONS = '{moderato}:ledger:revisions'
const TASK = { intent: 'a test', justification: 'it is one', ticket: 'T-1' }

let folder: string
let server: ValkeyServer
let upstream: RecordingUpstream
const proxies: Proxy[] = []

describe.skipIf(missing(VALKEY))('a Valkey', () => {
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'moderato-lost-'))
    server = await ValkeyServer.start()
    upstream = await RecordingUpstream.start()
  })
  afterEach(async () => {
    for (const each of proxies) each.signal('SIGCONT')
    for (const each of proxies.splice(0)) await each.stop()
    await upstream.stop()
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  async function start(name: string, settings: object = {}): Promise<Proxy> {
    const proxy = await startProxy({
      upstream: upstream.url,
      agents: [BUILDER, READER],
      stateDir: join(folder, name),
      settings: {
        state: { store: 'valkey', url: server.url, keyFile: join(folder, 'ledger-key') },
        admin: { people: PEOPLE },
        ...settings,
      },
    })
    proxies.push(proxy)
    return proxy
  }

  const eventually = <Result>(work: () => Promise<Result>): Promise<Result> =>
    vi.waitFor(work, { timeout: 15_000, interval: 20 })
  const done = async (at: Proxy, ...args: readonly string[]): Promise<void> =>
    expect(await moderato(at, args)).toMatchObject({ code: 0, err: '' })

  it('that was flushed while a replica paused: it goes by what the others decided since', async () => {
    const [one, other] = [await start('one'), await start('other')]
    const { json } = await askTasks(one, BUILDER, TASK)
    await dropTable(one, 'before', json.credentials)
    // Three entries that the other has not heard of, as it is paused first.
    other.signal('SIGSTOP')
    for (let each = 0; each < 3; each += 1) await askTasks(one, BUILDER, TASK)
    one.signal('SIGSTOP')
    await server.client().flushall()
    other.signal('SIGCONT')
    await eventually(async () => expect(await server.client().exists('{moderato}:ledger:head')).toBe(1))
    await done(other, 'freeze', '--agent', READER.id, '--reason', 'incident')
    await done(other, 'sessions', 'revoke', '--agent', BUILDER.id, '--reason', 'incident')
    for (const reason of ['two', 'three'])
      await done(other, 'freeze', '--agent', READER.id, '--reason', reason)
    await done(other, 'quarantine', 'add', READER.id, '--reason', 'incident')
    one.signal('SIGCONT')
    // The very first change is refused already.
    expect((await thrownBy(dropTable(one, 'after', json.credentials))).status).toBeGreaterThanOrEqual(400)
    await eventually(async () => {
      const { message } = await thrownBy(listTables(one, json.credentials))
      expect(message).toContain('was ended (operator)')
    })
    expect((await moderato(one, ['freeze', 'list'])).out).toContain(READER.id)
    expect((await moderato(one, ['quarantine', 'list'])).out).toContain('incident')
    await eventually(async () => expect(await readiness(one)).toMatchObject({ status: 200 }))
    const names = upstream.recorded.map(({ body }) => String(JSON.parse(body.toString()).TableName))
    // Reads go on until the replica has read everything again.
    expect(names.filter((name) => name !== 'undefined')).toEqual(['before'])
  })

  it('that was flushed while nobody ran refuses changes until an operator accepts it', async () => {
    const first = await start('one')
    await done(first, 'freeze', 'all', '--reason', 'incident')
    await proxies.pop()?.stop()
    await server.client().flushall()
    const again = await start('one')
    expect(await thrownBy(dropTable(again, 't'))).toMatchObject({ status: 503 })
    expect(await readiness(again)).toMatchObject({
      status: 503,
      state: 'failing',
      problems: ['the state store cannot be trusted'],
    })
    await eventually(async () =>
      expect(again.log()).toContain('the state store is empty, and Moderato ran here before'),
    )
    const { code, out } = await moderato(again, ['state', 'show'])
    expect([code, out]).toEqual([0, expect.stringContaining('NOT TRUSTED')])
    const frozen = await moderato(again, ['freeze', 'all', '--reason', 'x'])
    expect(frozen).toMatchObject({ code: 1, err: expect.stringContaining('Nothing was changed: the state') })
    await done(again, 'state', 'accept', '--reason', 'the disk was replaced')
    await dropTable(again, 't')
    expect(await readiness(again)).toMatchObject({ status: 200 })
    await again.record(({ admin }) => JSON.stringify(admin ?? '').includes('POST /v1/state/accept'))
  })

  it('in which somebody put a small revision for a revocation: it is in force, or who asked is told', async () => {
    const one = await start('one')
    const { json } = await askTasks(one, BUILDER, TASK)
    await dropTable(one, 'before', json.credentials)
    await server.client().zadd(REVISIONS, 1, `revocation agent:${BUILDER.id}`)
    const revoked = await moderato(one, ['sessions', 'revoke', '--agent', BUILDER.id, '--reason', 'x'])
    const { message, status } = await thrownBy(dropTable(one, 'after', json.credentials))
    if (revoked.code === 0) expect(message).toContain('was ended (operator)')
    else expect(status).toBe(503)
    expect(upstream.recorded).toHaveLength(1)
  })

  it.each(['after a restart', 'by a new replica'])(
    'in which somebody puts back an approval for one use: it goes once, %s too',
    async (how) => {
      const settings = { policy: { approvals: [{ classes: ['destructive'] }] } }
      const one = await start('one', settings)
      const id = approvalIn((await thrownBy(dropTable(one, 't'))).message)
      await approvals(one, ALICE, 'approve', id)
      const name = `approval ${id}`
      const unused = await server.client().hget(ENTRIES, name)
      const revision = await server.client().zscore(REVISIONS, name)
      await dropTable(one, 't')
      for (const put of [revision ?? '0', 'new']) {
        await server.client().hset(ENTRIES, name, unused ?? '')
        const at = put === 'new' ? String(await server.client().incr('{moderato}:ledger')) : put
        await server.client().zadd(REVISIONS, at, name)
        if (how === 'after a restart') {
          const last = proxies.pop()
          last?.signal('SIGKILL')
          await last?.ended
        }
        const later = await start(how === 'after a restart' ? 'one' : `new ${put}`, settings)
        expect(await thrownBy(dropTable(later, 't'))).toMatchObject({ status: 503 })
        expect(await readiness(later)).toMatchObject({ status: 503 })
      }
      expect(upstream.recorded).toHaveLength(1)
    },
  )

  it('in which somebody puts back a break-glass: it stays closed, and after it was accepted too', async () => {
    const settings = { upstream: { accountId: '111122223333' } }
    const one = await start('one', settings)
    const token = join(folder, 'alice')
    writeFileSync(token, ALICE.token, { mode: 0o600 })
    const why = ['--for', '30m', '--reason', 'x', '--ticket', 'T-1', '--json']
    const opened = await moderato(one, ['breakglass', 'open', '--agent', READER.id, ...why], token)
    expect(opened.err).toBe('')
    const { id } = JSON.parse(opened.out) as { id: string }
    const name = `breakglass ${id}`
    const open = await server.client().hget(ENTRIES, name)
    const revision = await server.client().zscore(REVISIONS, name)
    await done(one, 'breakglass', 'close', id)
    await server.client().hset(ENTRIES, name, open ?? '')
    await server.client().zadd(REVISIONS, revision ?? '', name)
    const later = await start('two', settings)
    const list = async (): Promise<string> => (await moderato(later, ['breakglass', 'list'])).out
    expect(await readiness(later)).toMatchObject({ status: 503 })
    await done(later, 'state', 'accept', '--reason', 'somebody got at it')
    expect(await list()).not.toContain(id)
    expect(await readiness(later)).toMatchObject({ status: 200 })
  })

  it.each(['entries', 'revisions'])(
    'whose key of %s somebody replaced: changes stop until it is back',
    async (name) => {
      const one = await start('one')
      await done(one, 'freeze', '--agent', READER.id, '--reason', 'incident')
      const key = `{moderato}:ledger:${name}`
      await server.client().rename(key, 'kept')
      await server.client().set(key, 'x')
      await eventually(async () => expect(await readiness(one)).toMatchObject({ status: 503 }))
      expect(await thrownBy(dropTable(one, 'while'))).toMatchObject({ status: 503 })
      expect(await moderato(one, ['freeze', 'all', '--reason', 'x'])).toMatchObject({ code: 1 })
      await eventually(async () => expect(one.log()).toContain('a value of another type'))
      await server.client().rename('kept', key)
      await eventually(async () => expect(await readiness(one)).toMatchObject({ status: 200 }))
      await dropTable(one, 'after')
      expect((await moderato(one, ['freeze', 'list'])).out).toContain('incident')
    },
  )

  it('that is told to evict keys while it is used: changes are refused, and /readyz says so', async () => {
    const one = await start('one')
    await dropTable(one, 'before')
    await server.client().config('SET', 'maxmemory', '100mb')
    await server.client().config('SET', 'maxmemory-policy', 'allkeys-lru')
    await eventually(async () =>
      expect(await readiness(one)).toMatchObject({
        status: 503,
        problems: ['the state store must not be used'],
      }),
    )
    expect(await thrownBy(dropTable(one, 'while'))).toMatchObject({ status: 503 })
    await eventually(async () => expect(one.log()).toContain('set maxmemory-policy noeviction'))
    await server.client().config('SET', 'maxmemory-policy', 'noeviction')
    await eventually(async () => expect(await readiness(one)).toMatchObject({ status: 200 }))
    await dropTable(one, 'after')
    expect(upstream.recorded).toHaveLength(2)
  })
})
