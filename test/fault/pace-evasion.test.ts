/** Every way in which an agent could try to get more through: each ends at the same total. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DeleteObjectCommand, DeleteObjectsCommand } from '@aws-sdk/client-s3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { s3 } from '../support/clients.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { headText, RawConnection, send, signed } from '../support/raw-http.ts'
import { RecordingUpstream } from '../support/recording-upstream.ts'
import { SHARED_STORES } from '../support/shared-stores.ts'

const BURST = 12
const TRIES = 30
/** Nothing comes back while a test runs. */
const PACE = { rate: '1/h', burst: BURST, maxWait: '0s' }
const ONCE = { maxAttempts: 1 }

let upstream: RecordingUpstream
let folder: string
let proxies: Proxy[]
beforeEach(async () => {
  proxies = []
  folder = mkdtempSync(join(tmpdir(), 'moderato-evasion-'))
  upstream = await RecordingUpstream.start((_, reply) => void reply.writeHead(204).end())
  return () => rmSync(folder, { recursive: true, force: true })
})
afterEach(async () => {
  for (const each of proxies) await each.stop()
  await upstream.stop()
})

async function start(state: object, stateDir = join(folder, `replica-${proxies.length}`)): Promise<string> {
  const settings = { state, pacing: { classes: { 'data-delete': PACE } } }
  const proxy = await startProxy({ upstream: upstream.url, settings, stateDir })
  proxies.push(proxy)
  return proxy.url
}

/** How many objects were deleted, batches counted by what they hold. */
const deleted = (): number =>
  upstream.recorded
    .map(({ body }) => body.toString().match(/<Key>/g)?.length ?? 1)
    .reduce((sum, each) => sum + each, 0)

const tries = <Result>(work: (at: number) => Promise<Result>): Promise<unknown> =>
  Promise.all(Array.from({ length: TRIES }, (_, at) => work(at).catch(() => undefined)))

const key = (at: number) => ({ Bucket: 'bucket', Key: `key-${at}` })
const drop = (url: string, at: number, config: object = ONCE) => {
  const client = s3(url, undefined, config)
  return client.send(new DeleteObjectCommand(key(at))).finally(() => client.destroy())
}
const signedDrop = (url: string, at: number, headers: Record<string, string> = {}, region = 'us-east-1') =>
  signed(url, { method: 'DELETE', target: `/bucket/key-${at}`, headers }, { service: 's3', region })

const WAYS: Readonly<Record<string, (url: string) => Promise<unknown>>> = {
  'one connection, one after another': async (url) => {
    const client = s3(url, undefined, ONCE)
    for (let at = 0; at < TRIES; at += 1)
      await client.send(new DeleteObjectCommand(key(at))).catch(() => undefined)
    client.destroy()
  },
  'many connections': (url) => tries((at) => drop(url, at)),
  'many regions': (url) => {
    const regions = ['us-east-1', 'eu-central-1', 'ap-south-1', 'us-west-2', 'sa-east-1']
    return tries((at) => drop(url, at, { ...ONCE, region: regions[at % regions.length] }))
  },
  batches: async (url) => {
    const client = s3(url, undefined, ONCE)
    // Of three things each, so that the burst is met exactly.
    await tries((at) => {
      const Objects = [0, 1, 2].map((n) => ({ Key: `key-${at}-${n}` }))
      return client.send(new DeleteObjectsCommand({ Bucket: 'bucket', Delete: { Objects } }))
    })
    client.destroy()
  },
  'retries of the SDK': (url) => tries((at) => drop(url, at, { maxAttempts: 4 })),
  'one invocation id for all, signed anew (S11)': (url) =>
    tries(async (at) => send(url, await signedDrop(url, at, { 'amz-sdk-invocation-id': 'always-the-same' }))),
  'copies of what was forwarded, and disconnects': async (url) => {
    const calls = await Promise.all(Array.from({ length: TRIES }, (_, at) => signedDrop(url, at)))
    await tries((at) => {
      const call = calls[at] ?? calls[0]!
      return Promise.all([
        send(url, call),
        send(url, call, AbortSignal.timeout(1 + (at % 5))),
        send(url, call),
      ])
    })
    await tries((at) => send(url, calls[at] ?? calls[0]!))
  },
  pipelining: async (url) => {
    const connection = await RawConnection.open(url)
    const calls = await Promise.all(Array.from({ length: TRIES }, (_, at) => signedDrop(url, at)))
    const texts = calls.map((call, at) => headText(call, ...(at === TRIES - 1 ? ['connection: close'] : [])))
    connection.write(texts.join(''))
    // Never there: until the last answer closes the connection.
    await connection.until(/(?!)/)
    connection.close()
  },
}

describe('an agent that tries to outrun its pace', () => {
  it.each(Object.entries(WAYS))(`by %s gets ${BURST} things through`, async (_, way) => {
    await way(await start({}))
    expect(deleted()).toBe(BURST)
  })

  it('by restarts, of a proxy that ends or is killed, gets the same through', async () => {
    const stateDir = join(folder, 'state')
    for (let round = 0; round < 6; round += 1) {
      const url = await start({}, stateDir)
      for (let at = 0; at < 3; at += 1) await drop(url, round * 3 + at).catch(() => undefined)
      proxies.at(-1)?.signal(round % 2 === 0 ? 'SIGKILL' : 'SIGTERM')
      await proxies.at(-1)?.ended
    }
    expect(deleted()).toBe(BURST)
  })

  describe.each(SHARED_STORES)('on two replicas that share %s', (_, skipped, make) => {
    it.skipIf(skipped)('gets the same through, and no copy twice', async () => {
      const { state, end } = await make()
      const [one, other] = [await start(state), await start(state)]
      // Signed for one host, sent to both: whoever sits between could.
      const copied = await signedDrop(one, 1_000)
      const statuses = await Promise.all([one, other].map(async (url) => (await send(url, copied)).status))
      expect(statuses.toSorted((a, b) => a - b)).toEqual([204, 503])
      await tries((at) => drop(at % 2 === 0 ? one : other, at))
      const spent = deleted()
      // Which of the copies was first is open, and so is whether the other was charged before it was refused.
      expect(spent).toBeGreaterThanOrEqual(BURST - 1)
      expect(spent).toBeLessThanOrEqual(BURST)
      for (const each of proxies.splice(0)) await each.stop()
      await end()
    })
  })
})
