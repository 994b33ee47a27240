import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe } from 'vitest'
import { sqliteStore } from '../../proxy/state/sqlite.ts'
import { storeContract } from './contract.ts'
import type { World } from './world.ts'

describe('sqliteStore', () => {
  storeContract({
    survives: true,
    steps: 100_000,
    bed: async (world: World) => {
      const folder = mkdtempSync(join(tmpdir(), 'moderato-sqlite-'))
      return {
        open: async ({ replaysPerAgent }) =>
          sqliteStore({ path: join(folder, 'state.sqlite'), replaysPerAgent, bootClock: world }),
        moved: () => Promise.resolve(),
        close: async () => rmSync(folder, { recursive: true }),
      }
    },
  })
})
