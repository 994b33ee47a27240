/** The files of the audit log and of the state store are moved, removed, replaced or cut while Moderato runs. */
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { run as auditVerb } from '../../proxy/cli/audit.ts'
import { captured } from '../cli/captured.ts'
import { BUILDER } from '../support/agents.ts'
import { thrownBy } from '../support/clients.ts'
import { moderato } from '../support/moderato.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { sampled } from '../support/sample.ts'
import { RecordingUpstream } from '../support/recording-upstream.ts'
import { dropTable, readiness } from '../support/store-scene.ts'

let folder: string
let upstream: RecordingUpstream
const proxies: Proxy[] = []
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'moderato-gone-'))
  upstream = await RecordingUpstream.start()
  return async () => {
    for (const each of proxies.splice(0)) await each.stop()
    await upstream.stop()
    rmSync(folder, { recursive: true, force: true })
  }
})

const stateDir = (): string => join(folder, 'state')
const audit = (...name: readonly string[]): string => join(stateDir(), 'audit', ...name)
const sqlite = (suffix = ''): string => join(stateDir(), `state.sqlite${suffix}`)
const SEGMENT = '00000001.jsonl'

async function start(settings: object = {}, dir = stateDir()): Promise<Proxy> {
  const proxy = await startProxy({
    upstream: upstream.url,
    agents: [BUILDER],
    stateDir: dir,
    settings: { ...settings },
  })
  proxies.push(proxy)
  return proxy
}

async function killed(proxy: Proxy): Promise<void> {
  proxy.signal('SIGKILL')
  await proxy.ended
}

/** Copies the state of a process that has ended. One that was told twice to end leaves its last writes beside the file. */
function keepCopy(name: string): void {
  const db = new DatabaseSync(sqlite())
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  db.close()
  copyFileSync(sqlite(), join(folder, name))
}

function putBack(name: string): void {
  for (const suffix of ['-wal', '-shm']) rmSync(sqlite(suffix), { force: true })
  copyFileSync(join(folder, name), sqlite())
}

/** Waits for words in the log of a proxy. */
const says = (proxy: Proxy, words: string): Promise<void> =>
  eventually(() => expect(proxy.log()).toContain(words))
const eventually = <Result>(work: () => Result | Promise<Result>): Promise<Result> =>
  vi.waitFor(work, { timeout: 15_000, interval: 20 })

async function verified(proxy: Proxy): Promise<{ code: number; text: string }> {
  const { io, out, err } = captured()
  const code = await auditVerb(['verify', '--config', proxy.configFile], io)
  return { code, text: out() + err() }
}

/** Waits until the store has noted the head that the log has now. */
async function noted(proxy: Proxy): Promise<void> {
  await eventually(() => {
    const db = new DatabaseSync(sqlite(), { readOnly: true })
    const [row] = db.prepare('SELECT text FROM note').all()
    db.close()
    const { text } = JSON.parse(String(row?.['text'])) as { text: string }
    const { seq } = JSON.parse(text) as { seq: number }
    expect(seq).toBe(proxy.records().at(-1)?.['seq'])
  })
}

/** What becomes of the log. Each returns how it is put back; undefined: it cannot be. */
const AWAY: readonly [string, () => (() => void) | void][] = [
  ['removed', () => rmSync(audit(SEGMENT))],
  [
    'moved',
    () => {
      renameSync(audit(SEGMENT), join(folder, 'away'))
      return () => renameSync(join(folder, 'away'), audit(SEGMENT))
    },
  ],
  [
    'replaced by another file',
    () => {
      renameSync(audit(SEGMENT), join(folder, 'away'))
      writeFileSync(audit(SEGMENT), readFileSync(join(folder, 'away')))
      return () => renameSync(join(folder, 'away'), audit(SEGMENT))
    },
  ],
  ['cut', () => truncateSync(audit(SEGMENT), 100)],
  ['emptied', () => truncateSync(audit(SEGMENT), 0)],
  [
    'moved with its folder',
    () => {
      renameSync(audit(), join(folder, 'away'))
      return () => renameSync(join(folder, 'away'), audit())
    },
  ],
  [
    'removed with its folder, and another is there',
    () => {
      rmSync(audit(), { recursive: true })
      mkdirSync(audit())
      return undefined
    },
  ],
]

describe('an audit log', () => {
  it.each(sampled(AWAY, 4))(
    'that is %s while it is written stops changes, and is missed at the start',
    async (_, goAway) => {
      const proxy = await start()
      await dropTable(proxy, 'before')
      await noted(proxy)
      const putBack = goAway()
      for (const table of ['first', 'second'])
        expect(await thrownBy(dropTable(proxy, table))).toMatchObject({ status: 503 })
      expect(upstream.recorded).toHaveLength(1)
      expect(await readiness(proxy)).toMatchObject({
        status: 503,
        state: 'failing',
        problems: ['the audit log cannot be written'],
      })
      await says(proxy, 'put the same file back, or restart Moderato')
      if (putBack !== undefined) {
        putBack()
        await eventually(async () => expect(await readiness(proxy)).toMatchObject({ status: 200 }))
        await dropTable(proxy, 'again')
        expect((await verified(proxy)).code).toBe(0)
        return
      }
      await killed(proxy)
      const again = await start()
      await says(again, 'records are missing in the audit log')
      const missing = await again.record(({ phase }) => phase === 'missing')
      expect(missing['missing']).toMatchObject({
        seq: expect.any(Number),
        hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      })
      await dropTable(again, 'after')
      const { code, text } = await verified(again)
      expect([code, text]).toEqual([1, expect.stringMatching(/does not follow|is expected and missing/)])
    },
  )

  it('that is removed is noticed without a call', async () => {
    const proxy = await start()
    await noted(proxy)
    rmSync(audit(SEGMENT))
    await eventually(async () => expect(await readiness(proxy)).toMatchObject({ status: 503 }))
  })

  it('whose newest records were removed while nobody ran is missed by verify, and at the start', async () => {
    const proxy = await start()
    for (const table of ['a', 'b', 'c']) await dropTable(proxy, table)
    await proxies.pop()?.stop()
    truncateSync(audit(SEGMENT), readFileSync(audit(SEGMENT)).lastIndexOf('\n', -2) + 1)
    const again = await start()
    await says(again, 'records are missing in the audit log')
    expect((await verified(again)).text).toContain('does not follow')
  })
})

const FREEZE = ['freeze', '--agent', 'spiffe://example.org/agent/other', '--reason', 'incident']

describe('a state.sqlite', () => {
  it('that is removed while it is used stops changes at once, and at the next start until accepted', async () => {
    const proxy = await start()
    await moderato(proxy, FREEZE)
    await dropTable(proxy, 'before')
    for (const suffix of ['', '-wal', '-shm']) rmSync(sqlite(suffix), { force: true })
    expect(await thrownBy(dropTable(proxy, 'first'))).toMatchObject({ status: 503 })
    await eventually(async () =>
      expect(await readiness(proxy)).toMatchObject({
        status: 503,
        problems: ['the state store must not be used'],
      }),
    )
    expect(await moderato(proxy, FREEZE)).toMatchObject({ code: 1 })
    await says(proxy, `${sqlite()} is gone, or was replaced`)
    await killed(proxy)
    const again = await start()
    expect(await thrownBy(dropTable(again, 'second'))).toMatchObject({ status: 503 })
    expect(await readiness(again)).toMatchObject({ status: 503 })
    await says(again, 'is empty, and Moderato ran here before')
    expect(await moderato(again, ['state', 'accept', '--reason', 'it is gone'])).toMatchObject({ code: 0 })
    await dropTable(again, 'after')
    await killed(again)
    const third = await start()
    await dropTable(third, 'third')
    expect(upstream.recorded).toHaveLength(3)
  })

  it('that is removed with all that lies beside it is missed by the audit log', async () => {
    const proxy = await start()
    await moderato(proxy, FREEZE)
    await killed(proxy)
    for (const name of readdirSync(stateDir()).filter((each) => each.startsWith('state.')))
      rmSync(join(stateDir(), name))
    const again = await start()
    expect(await thrownBy(dropTable(again, 't'))).toMatchObject({ status: 503 })
    await says(again, 'is empty, and Moderato ran here before')
  })

  it('that was replaced by an older copy while nobody ran is refused, and a new one is used again', async () => {
    const proxy = await start()
    await dropTable(proxy, 'a')
    await proxies.pop()?.stop()
    keepCopy('older')
    const second = await start()
    await moderato(second, FREEZE)
    await proxies.pop()?.stop()
    keepCopy('newer')
    putBack('older')
    const third = await start()
    expect(await thrownBy(dropTable(third, 'b'))).toMatchObject({ status: 503 })
    await says(third, 'an older state than this replica saw')
    await proxies.pop()?.stop()
    putBack('newer')
    const fourth = await start()
    await dropTable(fourth, 'c')
    expect((await moderato(fourth, ['freeze', 'list'])).out).toContain('incident')
  })

  it('that is moved away and back is used again', async () => {
    const proxy = await start()
    await dropTable(proxy, 'a')
    renameSync(sqlite(), sqlite('.away'))
    expect(await thrownBy(dropTable(proxy, 'b'))).toMatchObject({ status: 503 })
    renameSync(sqlite('.away'), sqlite())
    await eventually(() => dropTable(proxy, 'c'))
  })

  it('that two processes share, and that is removed: neither goes on by itself', async () => {
    const state = { file: join(folder, 'shared.sqlite'), keyFile: join(folder, 'ledger-key') }
    const one = await start({ state })
    await dropTable(one, 'a')
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${state.file}${suffix}`, { force: true })
    const other = await start({ state }, join(folder, 'other'))
    for (const each of [one, other]) {
      expect(await thrownBy(dropTable(each, 'b'))).toMatchObject({ status: 503 })
      await eventually(async () => expect(await readiness(each)).toMatchObject({ status: 503 }))
    }
    expect(upstream.recorded).toHaveLength(1)
  })

  it.each([
    ['in its header', 50],
    ['in its pages', 8_192],
  ])('that is cut %s says its path and what to do', async (_, bytes) => {
    const proxy = await start()
    await moderato(proxy, FREEZE)
    await proxies.pop()?.stop()
    truncateSync(sqlite(), bytes)
    const error = await start().then(
      async (again) => `${again.log()} ${JSON.stringify(await readiness(again))}`,
      (thrown: unknown) => String(thrown),
    )
    expect(error).toContain(sqlite())
    expect(error).toContain('Restore it, or move it away')
  })

  it('of which somebody dropped a table is not used, and says its path', async () => {
    const proxy = await start()
    await moderato(proxy, FREEZE)
    const db = new DatabaseSync(sqlite(), { timeout: 5_000 })
    db.exec('DROP TABLE ledger')
    db.close()
    await eventually(async () => expect(await readiness(proxy)).toMatchObject({ status: 503 }))
    await eventually(async () => expect(await thrownBy(dropTable(proxy, 't'))).toMatchObject({ status: 503 }))
    await says(proxy, `${sqlite()} cannot be used: no such table: ledger. Restore it`)
    await proxies.pop()?.stop()
    await expect(start()).rejects.toThrow(`${sqlite()} cannot be used: no such table`)
  })

  it('that is emptied is a loss', async () => {
    const proxy = await start()
    await moderato(proxy, FREEZE)
    await proxies.pop()?.stop()
    truncateSync(sqlite(), 0)
    const again = await start()
    expect(await thrownBy(dropTable(again, 't'))).toMatchObject({ status: 503 })
    expect(proxy.stateDir).toBe(stateDir())
  })
})
