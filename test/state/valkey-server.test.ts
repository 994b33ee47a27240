/** What a Valkey server can do to us, or somebody to it: strangers, eviction, silence, restarts, losses. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { rateOf } from '../../proxy/pacing/gcra.ts'
import type { StateStore } from '../../proxy/state/store.ts'
import { valkeyStore, type ValkeyStoreOptions } from '../../proxy/state/valkey.ts'
import { VirtualTime } from '../../proxy/core/virtual-time.ts'
import { freePort } from '../support/free-port.ts'
import { missing, VALKEY } from '../support/tools.ts'
import { PASSWORD, ValkeyServer } from '../support/valkey.ts'
import { openLedger } from './open-ledger.ts'

const OPENSSL = { name: 'openssl', command: 'openssl', args: ['version'] }
/** So slow that nothing comes back while a test runs. */
const CHARGES = [{ key: 'k', rate: rateOf(1, 3_600_000, 2), weight: 1 }]
const KEY = Buffer.alloc(32, 7)
const ENTRY = { kind: 'freeze', id: 'all', text: 'text', mac: 'mac', expiresAtMs: undefined } as const

let server: ValkeyServer
afterEach(() => server?.stop())

async function open(more: Partial<ValkeyStoreOptions> = {}): Promise<StateStore> {
  const options = {
    url: server.url,
    prefix: 'moderato',
    clock: { nowMs: () => Date.now() },
    timeoutMs: 300,
    replaysPerAgent: 10,
    ...more,
  }
  const store = await valkeyStore(options)
  onTestFinished(() => store.close())
  return store
}

const take = async (store: StateStore) => (await store.limiter.take(CHARGES, Date.now())).kind

/** Once the connection is there again. */
const eventually = <Result>(work: () => Promise<Result>): Promise<Result> =>
  vi.waitFor(work, { timeout: 10_000, interval: 20 })

describe.skipIf(missing(VALKEY))('Valkey that is to be refused at the start (S19)', () => {
  it('answers without a password', async () => {
    server = await ValkeyServer.start({ requirepass: '' })
    await expect(open()).rejects.toThrow('the server answers without a password')
  })

  it('has another password', async () => {
    server = await ValkeyServer.start()
    const url = `valkey://:another@127.0.0.1:${server.port}`
    const error: unknown = await open({ url }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ message: expect.stringContaining('WRONGPASS') })
    // ioredis puts the command into its errors, and logs would print it (S8).
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('another')
  })

  it('evicts what it is given', async () => {
    server = await ValkeyServer.start({ maxmemory: '100mb', 'maxmemory-policy': 'allkeys-lru' })
    await expect(open()).rejects.toThrow(
      'evicts what it is given (allkeys-lru): set maxmemory-policy noeviction',
    )
  })

  it('is not there', async () => {
    server = await ValkeyServer.start()
    await server.kill()
    await expect(open()).rejects.toThrow('ECONNREFUSED')
  })
})

describe.skipIf(missing(VALKEY))('Valkey with users', () => {
  it('takes a user of its own, whose password is in a file', async () => {
    server = await ValkeyServer.start()
    await server
      .client()
      .call('ACL', 'SETUSER', 'moderato', 'on', `>${PASSWORD}-of-it`, '~{moderato}:*', '+@all')
    const folder = mkdtempSync(join(tmpdir(), 'moderato-password-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const passwordFile = join(folder, 'password')
    writeFileSync(passwordFile, `${PASSWORD}-of-it\n`, { mode: 0o600 })
    const store = await open({ url: `redis://moderato@127.0.0.1:${server.port}/0`, passwordFile })
    expect(await take(store)).toBe('now')
  })
})

describe.skipIf(missing(VALKEY, OPENSSL))('Valkey over TLS', () => {
  it('is known by its certificate, and by nothing less', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'moderato-tls-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
    const made = [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
    ]
    const subject = ['-subj', '/CN=valkey', '-addext', 'subjectAltName=IP:127.0.0.1']
    execFileSync('openssl', [...made, '-keyout', key, '-out', cert, ...subject], { stdio: 'ignore' })
    const port = await freePort()
    server = await ValkeyServer.start({
      port: '0',
      'tls-port': String(port),
      'tls-cert-file': cert,
      'tls-key-file': key,
      'tls-ca-cert-file': cert,
      'tls-auth-clients': 'no',
    })
    const url = `rediss://:${PASSWORD}@127.0.0.1:${port}`
    const store = await open({ url, ca: cert })
    expect(await take(store)).toBe('now')
    await expect(open({ url })).rejects.toThrow(/self-signed/)
    await expect(open({ url: url.replace('rediss:', 'valkey:') })).rejects.toThrow()
  })
})

describe.skipIf(missing(VALKEY))('Valkey that fails while it is used', () => {
  beforeEach(async () => {
    server = await ValkeyServer.start({ appendonly: 'yes', appendfsync: 'always' })
  })

  it('that restarts on its file is used again without a restart here, and has refilled nothing', async () => {
    const store = await open()
    expect([await take(store), await take(store), await take(store)]).toEqual(['now', 'now', 'at'])
    await server.kill()
    await expect(take(store)).rejects.toThrow()
    await expect(store.ledger.since(0)).rejects.toThrow()
    await server.start()
    expect(await eventually(() => take(store))).toBe('at')
  })

  it('that falls silent is a failure in bounded time, and nothing is asked twice when it speaks again', async () => {
    const store = await open({ timeoutMs: 100 })
    expect(await take(store)).toBe('now')
    server.freeze()
    // Failures one after another: the connection is given up meanwhile.
    for (let i = 0; i < 5; i += 1) await expect(take(store)).rejects.toThrow()
    server.thaw()
    await eventually(() => store.limiter.peek(['k']) as Promise<readonly number[]>)
    const kinds = [await take(store), await take(store)]
    // One more was charged at most: the first that went unanswered.
    expect(kinds.at(-1)).toBe('at')
  })

  it('that forgot the scripts is told them again', async () => {
    const store = await open()
    await take(store)
    await server.client().call('SCRIPT', 'FLUSH')
    expect([await take(store), await take(store)]).toEqual(['now', 'at'])
  })

  it('makes one round trip of a decision', async () => {
    const store = await open()
    await take(store)
    const commands = async () =>
      /total_commands_processed:(\d+)/.exec(await server.client().info('stats'))?.[1]
    const before = Number(await commands())
    for (let i = 0; i < 100; i += 1) await take(store)
    // Those that scripts call are counted too: at most TIME, and two for each bucket, `since` and `latest`.
    expect(Number(await commands()) - before).toBeLessThanOrEqual(100 * 7 + 1)
    const calls = /cmdstat_evalsha:calls=(\d+)/.exec(await server.client().info('commandstats'))?.[1]
    expect(Number(calls)).toBeLessThanOrEqual(101 + 1)
  })
})

describe.skipIf(missing(VALKEY))('Valkey that loses what it had', () => {
  beforeEach(async () => {
    server = await ValkeyServer.start()
  })

  const flushed = () => server.client().flushall()

  it('finds every bucket empty: a loss refills nothing', async () => {
    const store = await open()
    expect([await take(store), await take(store), await take(store)]).toEqual(['now', 'now', 'at'])
    await flushed()
    expect(await take(store)).toBe('at')
    expect((await store.limiter.take([{ ...CHARGES[0]!, key: 'never charged' }], Date.now())).kind).toBe('at')
  })

  it('is given back every entry of the ledger that a replica knew, with its revision', async () => {
    const [one, other] = [await open(), await open()]
    const seen = await one.ledger.write(ENTRY)
    const later = await one.ledger.write({ ...ENTRY, id: 'later' })
    const before = await one.ledger.since(0)
    await other.ledger.since(0)
    await flushed()
    expect(await one.ledger.since(0)).toEqual(before)
    expect(await other.ledger.since(0)).toEqual(before)
    await flushed()
    // And before anything is written, too.
    const next = await other.ledger.write({ ...ENTRY, text: 'next' }, seen)
    expect(next).toBeGreaterThan(later ?? 0)
    expect((await one.ledger.since(later ?? 0)).map(({ text }) => text)).toEqual(['next'])
  })

  it('has its newer entries kept when an older replica gives back its own', async () => {
    const [one, other] = [await open(), await open()]
    await one.ledger.write(ENTRY)
    await other.ledger.since(0)
    await one.ledger.write({ ...ENTRY, text: 'newer' })
    await flushed()
    await one.ledger.since(0)
    await other.ledger.since(0)
    expect((await other.ledger.since(0)).map(({ text }) => text)).toEqual(['newer'])
  })
})

describe.skipIf(missing(VALKEY))('Valkey that somebody writes into (S19)', () => {
  beforeEach(async () => {
    server = await ValkeyServer.start()
  })

  it.each([
    [
      'an entry with a MAC that is made up',
      { kind: 'freeze', id: 'all', text: '{"version":9e15,"value":null}', mac: 'x' },
    ],
    ['an entry of another name', { kind: 'approval', id: 'other', text: '{}', mac: 'x' }],
    ['text that is no entry', 'nonsense'],
    ['nothing', ''],
  ])('%s fails closed, and is written over by an operator', async (_, forged) => {
    const time = new VirtualTime()
    const problems: string[] = []
    const onUnsound = ({ message }: Error): void => void problems.push(message)
    const ledger = await openLedger(time, { store: (await open()).ledger, timer: time, key: KEY, onUnsound })
    await ledger.put('freeze', 'all', { reason: 'incident' })
    expect(ledger.sound).toBe(true)
    const client = server.client()
    const revision = await client.incr('{moderato}:ledger')
    const text = typeof forged === 'string' ? forged : JSON.stringify(forged)
    await client.hset('{moderato}:ledger:entries', 'freeze all', text)
    await client.zadd('{moderato}:ledger:revisions', revision, 'freeze all')
    await ledger.refresh()
    expect(ledger.sound).toBe(false)
    expect(ledger.get('freeze', 'all')?.value).toEqual({ reason: 'incident' })
    expect(problems).toEqual(['the state store holds a forged entry: "freeze all"'])
    await ledger.put('freeze', 'all', { reason: 'incident' })
    expect(ledger.sound).toBe(true)
  })

  it('a bucket that no charge could make lets nothing pass at once, and is made one that refills', async () => {
    const store = await open()
    await server.client().set('{moderato}:bucket:k', '9e15')
    const turn = await store.limiter.take(CHARGES, Date.now())
    expect(turn.kind).toBe('at')
    if (turn.kind === 'at') expect(turn.turnAtMs - Date.now()).toBeLessThan(2 * 3_600_000)
    expect(Number(await server.client().get('{moderato}:bucket:k'))).toBeLessThan(Date.now() + 3 * 3_600_000)
  })
})
