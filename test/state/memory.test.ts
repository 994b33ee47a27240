import { describe } from 'vitest'
import { memoryStore } from '../../proxy/state/memory.ts'
import { storeContract } from './contract.ts'

describe('memoryStore', () => {
  storeContract({
    survives: false,
    steps: 1_000_000,
    bed: (world) =>
      Promise.resolve({
        open: (options) =>
          Promise.resolve(memoryStore({ ...options, clock: { nowMs: () => world.wallMs() } })),
        moved: () => Promise.resolve(),
        close: () => Promise.resolve(),
      }),
  })
})
