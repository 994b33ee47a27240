import { afterAll, beforeAll, describe, expect, vi } from 'vitest'
import { valkeyStore } from '../../proxy/state/valkey.ts'
import { missing, VALKEY } from '../support/tools.ts'
import { ValkeyServer } from '../support/valkey.ts'
import { storeContract } from './contract.ts'

describe.skipIf(missing(VALKEY))('valkeyStore', () => {
  let server: ValkeyServer
  let prefixes = 0
  beforeAll(async () => {
    // A cluster of one node: keys of one script that are not of one slot are an error.
    server = await ValkeyServer.start({ 'cluster-enabled': 'yes' })
    await server.client().call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
    await vi.waitFor(
      async () => expect(await server.client().call('CLUSTER', 'INFO')).toContain('state:ok'),
      10_000,
    )
  })
  afterAll(() => server?.stop())

  storeContract({
    survives: true,
    steps: 20_000,
    bed: async (world) => {
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
            replaysPerAgent,
            time: `local now = tonumber(redis.call('GET', '${clockKey}'))`,
          }),
        moved,
        close: () => Promise.resolve(),
      }
    },
  })
})
