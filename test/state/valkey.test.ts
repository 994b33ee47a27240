import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { rateOf, slowed } from '../../proxy/pacing/gcra.ts'
import { LONGEST_WAIT_MS } from '../../proxy/pacing/paces.ts'
import { valkeyStore } from '../../proxy/state/valkey.ts'
import { missing, VALKEY } from '../support/tools.ts'
import { freePort } from '../support/free-port.ts'
import { ValkeyServer } from '../support/valkey.ts'
import type { Bed } from './bed.ts'
import { storeContract } from './contract.ts'
import { World } from './world.ts'

describe.skipIf(missing(VALKEY))('valkeyStore', () => {
  let server: ValkeyServer
  let prefixes = 0
  beforeAll(async () => {
    // A cluster of one node: keys of one script that are not of one slot are an error.
    // Its second port is named: by default it is the first plus 10,000, which the system may have given to a client.
    const busPort = String(await freePort())
    server = await ValkeyServer.start({ 'cluster-enabled': 'yes', 'cluster-port': busPort })
    await server.client().call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
    await vi.waitFor(
      async () => expect(await server.client().call('CLUSTER', 'INFO')).toContain('state:ok'),
      10_000,
    )
  })
  afterAll(() => server?.stop())

  const bed = async (world: World): Promise<Bed> => {
    prefixes += 1
    const prefix = `test-${prefixes}`
    const clockKey = `{${prefix}}:clock`
    const moved = async () => void (await server.client().set(clockKey, String(world.wallMs())))
    await moved()
    return {
      open: ({ replaysPerAgent }) =>
        valkeyStore({
          url: server.url,
          timeoutMs: 2_000,
          prefix,
          clock: { nowMs: () => world.wallMs() },
          replaysPerAgent,
          time: `local now = tonumber(redis.call('GET', '${clockKey}'))`,
        }),
      moved,
      close: () => Promise.resolve(),
    }
  }

  storeContract({
    survives: true,
    steps: 20_000,
    bed,
  })

  it('neither refills nor freezes for good when the clock of the server is set back', async () => {
    const world = new World()
    const made = await bed(world)
    const store = await made.open({ replaysPerAgent: 10 })
    const charges = [{ key: 'k', rate: rateOf(6, 60_000, 2), weight: 1 }]
    const take = async () => (await store.limiter.take(charges, world.nowMs())).kind
    expect([await take(), await take(), await take()]).toEqual(['now', 'now', 'at'])
    world.setWallClock(-365 * 86_400_000)
    await made.moved()
    expect(await take()).toBe('at')
    world.advance(20_000 + LONGEST_WAIT_MS)
    await made.moved()
    expect([await take(), await take(), await take()]).toEqual(['now', 'now', 'at'])
    await store.close()
  })

  it('forgives nothing that is owed from a slower pace when a small try is refused', async () => {
    const world = new World()
    const made = await bed(world)
    const store = await made.open({ replaysPerAgent: 10 })
    const rate = rateOf(6, 60_000, 30)
    const charges = (weight: number) => [{ key: 'k', rate: slowed(rate, weight, 100), weight }]
    expect((await store.limiter.take(charges(30), world.nowMs())).kind).toBe('now')
    const [owed] = await store.limiter.peek(['k'])
    expect((await store.limiter.take(charges(1), world.nowMs())).kind).toBe('at')
    expect((await store.limiter.take([{ key: 'k', rate, weight: 1 }], world.nowMs())).kind).toBe('at')
    const [still] = await store.limiter.peek(['k'])
    expect((still ?? 0) - (owed ?? 0)).toBeGreaterThan(-1_000)
    await store.close()
  })
})
