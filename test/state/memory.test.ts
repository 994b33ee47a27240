import { describe } from 'vitest'
import { memoryStore } from '../../proxy/state/memory.ts'
import { storeContract } from './contract.ts'

describe('memoryStore', () => {
  storeContract({
    survives: false,
    steps: 1_000_000,
    bed: () =>
      Promise.resolve({
        open: (options) => Promise.resolve(memoryStore(options)),
        moved: () => Promise.resolve(),
        close: () => Promise.resolve(),
      }),
  })
})
