/** Somebody who got at the store forges entries of the ledger, and an operator deletes them by hand: nobody restarts. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { BUILDER, READER } from '../support/agents.ts'
import { thrownBy } from '../support/clients.ts'
import { moderato } from '../support/moderato.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { RecordingUpstream } from '../support/recording-upstream.ts'
import { sampled } from '../support/sample.ts'
import { dropTable, readiness } from '../support/store-scene.ts'
import { missing, VALKEY } from '../support/tools.ts'
import { ValkeyServer } from '../support/valkey.ts'

/** The store, as somebody sees it who got at it. */
interface Robbed {
  readonly settings: (folder: string) => object
  /** Writes an entry under a name: at the next revision, at one far ahead that no counter knows, or where it was. */
  forge(kind: string, id: string, revision: 'counted' | 'ahead' | 'as before'): Promise<void>
  delete(kind: string, id: string): Promise<void>
  /** Gives an entry another revision. */
  move(kind: string, id: string, revision: number): Promise<void>
  /** Returns an entry as it is now; `restore` puts it back in its place. */
  entry(kind: string, id: string): Promise<Kept>
  restore(entry: Kept): Promise<void>
  /** Gives the store's counter of writes another value. */
  count(revision: number | string): Promise<void>
  close(): Promise<void>
}

type Kept = readonly (string | number | null)[]

const AHEAD = 1_000_000
const FORGED = { text: '{"version":1,"value":1}', mac: 'x' }

function sqlite(): Robbed {
  let path = ''
  const run = (sql: string, ...values: (string | number | null)[]): void => {
    const db = new DatabaseSync(path, { timeout: 5_000 })
    db.prepare(sql).run(...values)
    db.close()
  }
  return {
    settings(folder) {
      path = join(folder, 'shared.sqlite')
      return { file: path, keyFile: join(folder, 'ledger-key') }
    },
    async forge(kind, id, revision) {
      if (revision === 'as before') {
        run(
          'UPDATE ledger SET text = ?, mac = ? WHERE kind = ? AND id = ?',
          FORGED.text,
          FORGED.mac,
          kind,
          id,
        )
        return
      }
      if (revision === 'counted') run('UPDATE revision SET last = last + 1')
      run(
        `INSERT OR REPLACE INTO ledger SELECT ?, ?, ?, ?, NULL, ${revision === 'counted' ? 'last' : AHEAD} FROM revision`,
        kind,
        id,
        FORGED.text,
        FORGED.mac,
      )
    },
    async delete(kind, id) {
      run('DELETE FROM ledger WHERE kind = ? AND id = ?', kind, id)
    },
    async move(kind, id, revision) {
      run('UPDATE ledger SET revision = ? WHERE kind = ? AND id = ?', revision, kind, id)
    },
    async entry(kind, id) {
      const db = new DatabaseSync(path, { timeout: 5_000 })
      const row = db.prepare('SELECT * FROM ledger WHERE kind = ? AND id = ?').get(kind, id)
      db.close()
      return Object.values(row ?? {}).map((each) =>
        typeof each === 'number' ? each : each === null ? null : String(each),
      )
    },
    async restore(entry) {
      run('INSERT OR REPLACE INTO ledger VALUES (?, ?, ?, ?, ?, ?)', ...entry)
    },
    async count(revision) {
      if (typeof revision === 'number') run('UPDATE revision SET last = ?', revision)
      else run('DELETE FROM revision')
    },
    close: () => Promise.resolve(),
  }
}

async function valkey(): Promise<Robbed> {
  const server = await ValkeyServer.start()
  const key = (name: string): string => `{moderato}:ledger${name}`
  return {
    settings: (folder) => ({ store: 'valkey', url: server.url, keyFile: join(folder, 'ledger-key') }),
    async forge(kind, id, revision) {
      const client = server.client()
      const name = `${kind} ${id}`
      await client.hset(key(':entries'), name, JSON.stringify({ kind, id, ...FORGED }))
      if (revision === 'as before') return
      const at = revision === 'counted' ? await client.incr(key('')) : AHEAD
      await client.zadd(key(':revisions'), at, name)
    },
    async delete(kind, id) {
      await server.client().hdel(key(':entries'), `${kind} ${id}`)
      await server.client().zrem(key(':revisions'), `${kind} ${id}`)
    },
    async move(kind, id, revision) {
      await server.client().zadd(key(':revisions'), revision, `${kind} ${id}`)
    },
    async entry(kind, id) {
      const name = `${kind} ${id}`
      const text = await server.client().hget(key(':entries'), name)
      return [name, text, await server.client().zscore(key(':revisions'), name)]
    },
    async restore([name, text, revision]) {
      await server.client().hset(key(':entries'), String(name), String(text))
      await server.client().zadd(key(':revisions'), String(revision), String(name))
    },
    async count(revision) {
      await server.client().set(key(''), revision)
    },
    close: () => server.stop(),
  }
}

const STORES: [string, () => Robbed | Promise<Robbed>][] = [['SQLite', sqlite]]
if (!missing(VALKEY)) STORES.push(['Valkey', valkey])

let folder: string
let upstream: RecordingUpstream
let store: Robbed
const proxies: Proxy[] = []

describe.each(STORES)('a forged entry in %s', (_, open) => {
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'moderato-forged-'))
    upstream = await RecordingUpstream.start()
    store = await open()
  })
  afterEach(async () => {
    for (const each of proxies.splice(0)) await each.stop()
    await store.close()
    await upstream.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  async function start(name: string): Promise<Proxy> {
    const proxy = await startProxy({
      upstream: upstream.url,
      agents: [BUILDER, READER],
      stateDir: join(folder, name),
      settings: { state: store.settings(folder) },
    })
    proxies.push(proxy)
    return proxy
  }
  const eventually = <Result>(work: () => Promise<Result>): Promise<Result> =>
    vi.waitFor(work, { timeout: 10_000, interval: 20 })
  const reaches = (at: Proxy, status: number): Promise<void> =>
    eventually(async () => expect(await readiness(at)).toMatchObject({ status }))
  const FREEZE = ['freeze', '--agent', READER.id, '--reason', 'incident', '--json']

  async function frozen(at: Proxy): Promise<string> {
    const { code, out, err } = await moderato(at, FREEZE)
    expect([code, err]).toEqual([0, ''])
    return /f-[\w-]+/.exec(out)?.[0] ?? ''
  }

  it.each(sampled(['counted', 'ahead'] as const, 1))(
    'that was added (%s) is said by every replica, and forgotten when it is deleted',
    async (revision) => {
      const both = [await start('one'), await start('two')]
      await frozen(both[0] as Proxy)
      for (const round of [1, 2]) {
        await store.forge('revocation', `agent:${BUILDER.id}`, revision)
        for (const each of both) {
          await eventually(async () =>
            expect(await readiness(each)).toMatchObject({
              status: 503,
              state: 'failing',
              problems: ['the state store cannot be trusted'],
            }),
          )
          expect(await thrownBy(dropTable(each, `t${round}`))).toMatchObject({ status: 503 })
        }
        await store.delete('revocation', `agent:${BUILDER.id}`)
        for (const each of both) {
          await reaches(each, 200)
          await dropTable(each, `t${round}`)
          expect((await moderato(each, ['freeze', 'list'])).out).toContain('incident')
        }
      }
      // What is written then is taken by all, also by one that starts.
      await frozen(both[1] as Proxy)
      const late = await start('three')
      await dropTable(late, 'late')
      expect((await moderato(late, ['freeze', 'list'])).out.match(/incident/g)).toHaveLength(2)
    },
  )

  it('that was there at a start is forgotten when it is deleted', async () => {
    const one = await start('one')
    await frozen(one)
    await store.forge('quarantine', BUILDER.id, 'counted')
    const late = await start('late')
    await reaches(late, 503)
    expect(await thrownBy(dropTable(late, 't'))).toMatchObject({ status: 503 })
    await store.delete('quarantine', BUILDER.id)
    for (const each of [one, late]) {
      await reaches(each, 200)
      await dropTable(each, 't')
    }
  })

  it.each(sampled(['counted', 'as before'] as const, 1))(
    'in place of a genuine one (%s), deleted by hand: what it hid is put back by who knows it',
    async (revision) => {
      const [one, two] = [await start('one'), await start('two')]
      const id = await frozen(one)
      await eventually(async () => expect((await moderato(two, ['freeze', 'list'])).out).toContain(id))
      await store.forge('freeze', id, revision)
      for (const each of [one, two]) {
        await reaches(each, 503)
        expect((await moderato(each, ['freeze', 'list'])).out).toContain(id)
      }
      await store.delete('freeze', id)
      for (const each of [one, two]) {
        await reaches(each, 200)
        await dropTable(each, 't')
      }
      const late = await start('late')
      await reaches(late, 200)
      expect((await moderato(late, ['freeze', 'list'])).out).toContain(id)
    },
  )

  it.each([
    ['it is deleted', (id: string) => store.delete('freeze', id)],
    ['it is moved to an earlier place', (id: string) => store.move('freeze', id, 0)],
  ])('that needs none: a genuine one goes as %s, and whoever knows it puts it back', async (_what, rob) => {
    const [one, two] = [await start('one'), await start('two')]
    const id = await frozen(one)
    await rob(id)
    await eventually(async () => expect(one.log() + two.log()).toContain('are put back'))
    for (const each of [one, two, await start('late')]) {
      await reaches(each, 200)
      await dropTable(each, 't')
      expect((await moderato(each, ['freeze', 'list'])).out).toContain(id)
    }
  })

  it('that is an older one put back stays refused until somebody accepts it', async () => {
    const one = await start('one')
    const id = await frozen(one)
    const old = await store.entry('freeze', id)
    await moderato(one, ['freeze', 'lift', id])
    await store.restore(old)
    await reaches(one, 503)
    expect(await thrownBy(dropTable(one, 't'))).toMatchObject({ status: 503 })
    expect(await one.metric('moderato_state_trusted')).toBe(0)
    expect(await one.metric('moderato_state_up')).toBe(1)
    expect((await moderato(one, ['state', 'accept', '--reason', 'somebody got at it'])).code).toBe(0)
    await reaches(one, 200)
    expect(await one.metric('moderato_state_trusted')).toBe(1)
    await dropTable(one, 't')
    // The newer form is known here: it was lifted.
    expect((await moderato(one, ['freeze', 'list'])).out).not.toContain(id)
  })

  it.each(sampled([1, 'no number'], 1))(
    'that is the counter of writes (%s) stops changes; one word of an operator is enough for all replicas',
    async (count) => {
      const [one, two] = [await start('one'), await start('two')]
      const ids = [await frozen(one), await frozen(two), await frozen(one)]
      await eventually(async () => expect((await moderato(two, ['freeze', 'list'])).out).toContain(ids[2]))
      await store.count(count)
      for (const each of [one, two]) {
        await reaches(each, 503)
        expect(await thrownBy(dropTable(each, 't'))).toMatchObject({ status: 503 })
      }
      expect((await moderato(two, ['state', 'accept', '--reason', 'somebody got at it'])).code).toBe(0)
      for (const each of [one, two, await start('late')]) {
        await reaches(each, 200)
        await dropTable(each, 't')
        const { out } = await moderato(each, ['freeze', 'list'])
        for (const id of ids) expect(out).toContain(id)
      }
    },
  )
})
