/** What a Valkey server can do to us, or somebody to it: strangers, eviction, silence, restarts, losses. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { rateOf } from '../../proxy/pacing/gcra.ts'
import type { LedgerStore, StateStore } from '../../proxy/state/store.ts'
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
    await expect(store.ledger.since(undefined)).rejects.toThrow()
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

  it('that is told to evict is not used until it is told otherwise', async () => {
    const store = await open()
    expect(await take(store)).toBe('now')
    const client = server.client()
    await client.config('SET', 'maxmemory', '100mb')
    await client.config('SET', 'maxmemory-policy', 'allkeys-lru')
    await vi.waitFor(() => expect(store.ledger.since(undefined)).rejects.toThrow('evicts what it is given'), {
      timeout: 5_000,
      interval: 50,
    })
    await expect(take(store)).rejects.toThrow('evicts what it is given')
    await client.config('SET', 'maxmemory-policy', 'noeviction')
    await store.ledger.since(undefined)
    expect(await take(store)).toBe('now')
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
    // Those that scripts call are counted too: at most TIME, two for each bucket, `since` and `latest`, and its interval.
    expect(Number(await commands()) - before).toBeLessThanOrEqual(100 * 8 + 1)
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

  it('is given back every entry of the ledger that a replica knew', async () => {
    const { one, other, time } = await replicas()
    await one.put('freeze', 'a', 1)
    await other.refresh()
    await one.put('freeze', 'b', 2)
    await flushed()
    // The one that knows less is first.
    await other.refresh()
    await one.refresh()
    await other.refresh()
    for (const each of [one, other, await openOver((await open()).ledger, time)]) {
      expect(each.all('freeze').map(({ id, value }) => [id, value])).toEqual([
        ['a', 1],
        ['b', 2],
      ])
      expect(each.sound).toBe(true)
    }
  })

  it('has no revision believed that was used again: who paused over the loss reads everything', async () => {
    const { one, other } = await replicas()
    await one.put('freeze', 'seen by both', 1)
    await other.refresh()
    for (const id of ['x', 'y', 'z']) await one.put('slowdown', id, 1)
    await flushed()
    await other.refresh()
    await other.put('freeze', 'all', 1)
    await other.put('revocation', 'agent:a', 1)
    await other.put('quarantine', 'a', 1)
    await other.put('quarantine', 'b', 1)
    await one.refresh()
    expect(one.get('freeze', 'all')).toBeDefined()
    expect(one.get('revocation', 'agent:a')).toBeDefined()
    await other.refresh()
    expect(other.all('slowdown').map(({ id }) => id)).toEqual(['x', 'y', 'z'])
    expect([one.sound, other.sound]).toEqual([true, true])
  })

  it('lets no call go that was judged before the loss was heard of', async () => {
    const store = await open()
    const other = await open()
    const call = (key: string, receivedAtMs = Date.now()) => ({
      agentId: 'a',
      key,
      invocationId: '',
      signedAtMs: receivedAtMs,
      receivedAtMs,
      validUntilMs: receivedAtMs + 300_000,
    })
    const time = new VirtualTime()
    const [one, two] = [await openOver(store.ledger, time), await openOver(other.ledger, time)]
    await one.put('freeze', 'f', 1)
    await two.refresh()
    await flushed()
    await two.refresh()
    await expect(store.replays.claim(call('01'), Date.now())).rejects.toThrow('lost what it had')
    const before = Date.now()
    await one.refresh()
    // Judged by what was read before, and sent after.
    await expect(store.replays.claim(call('02', before), Date.now())).rejects.toThrow('lost what it had')
    expect(await store.replays.claim(call('03', Date.now() + 1), Date.now())).toBe('claimed')
  })

  it('loses no newer entry to an older replica that gives back its own', async () => {
    const { one, other } = await replicas()
    await one.put('freeze', 'all', 'old')
    await other.refresh()
    await one.put('freeze', 'all', 'newer')
    await flushed()
    await other.refresh()
    await one.refresh()
    await other.refresh()
    expect(other.get('freeze', 'all')?.value).toBe('newer')
  })
})

const openOver = (store: LedgerStore, time: VirtualTime) => openLedger(time, { store, timer: time, key: KEY })

/** Two replicas over the server. */
async function replicas() {
  const time = new VirtualTime()
  const one = await openOver((await open()).ledger, time)
  const other = await openOver((await open()).ledger, time)
  return { one, other, time }
}

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
    expect(problems).toEqual([
      expect.stringMatching(/^the state store holds a forged entry: "freeze all"\. Delete it there/),
    ])
    await ledger.put('freeze', 'all', { reason: 'incident' })
    expect(ledger.sound).toBe(true)
  })

  it('one small revision for an entry that is not there yet hides no revocation', async () => {
    const { one, other, time } = await replicas()
    await one.put('freeze', 'f', 1)
    const name = 'revocation agent:a'
    await server.client().zadd('{moderato}:ledger:revisions', 1, name)
    await one.put('revocation', 'agent:a', 'over')
    await other.refresh()
    expect(other.get('revocation', 'agent:a')?.value).toBe('over')
    // Put down again under what stands there: who starts now does not find what was sealed.
    await server.client().zadd('{moderato}:ledger:revisions', 1, name)
    const late = await openOver((await open()).ledger, time)
    expect(late.sound).toBe(false)
    await expect(late.put('freeze', 'g', 1)).rejects.toMatchObject({ name: 'StoreFailure' })
  })

  it.each(['with a new revision', 'under its old revision'])(
    'an older entry that is put back %s is seen by who starts then',
    async (how) => {
      const { one, time } = await replicas()
      const client = server.client()
      const used = await one.put('approval', 'a1', { used: 0 })
      const text = await client.hget('{moderato}:ledger:entries', 'approval a1')
      await one.put('approval', 'a1', { used: 1 })
      await client.hset('{moderato}:ledger:entries', 'approval a1', text ?? '')
      const revision = how === 'with a new revision' ? await client.incr('{moderato}:ledger') : used.revision
      await client.zadd('{moderato}:ledger:revisions', revision, 'approval a1')
      const late = await openOver((await open()).ledger, time)
      expect(late.sound).toBe(false)
      await expect(late.replace('approval', 'a1', 'used', { expected: revision })).rejects.toThrow()
      // Who saw the newer one keeps it.
      await one.refresh()
      expect(one.get('approval', 'a1')?.value).toEqual({ used: 1 })
      await late.accept()
      await one.refresh()
      expect([late.get('approval', 'a1')?.value, late.sound]).toEqual([undefined, true])
    },
  )

  it('a bucket of an older version of Moderato, which keeps no interval, counts by the rate in force', async () => {
    const store = await open()
    const [{ key, rate }] = CHARGES as [(typeof CHARGES)[0]]
    await store.limiter.take([{ key, rate, weight: 2 }], Date.now())
    await server.client().del('{moderato}:interval:k')
    const faster = { ...rate, intervalMs: rate.intervalMs / 4 }
    const turn = await store.limiter.take([{ key, rate: faster, weight: 1 }], Date.now())
    expect(turn.kind === 'at' && Math.round((turn.turnAtMs - Date.now()) / 60_000)).toBe(105)
    expect(await server.client().get('{moderato}:interval:k')).toBe(String(faster.intervalMs))
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
