import { describe, expect, it } from 'vitest'
import { ChunkData } from '../../proxy/sigv4/chunk-data.ts'

describe('ChunkData', () => {
  it('keeps large pieces as they came, and packs small ones', () => {
    const data = new ChunkData(1_000_000)
    const large = Buffer.alloc(10_000, 1)
    for (let i = 0; i < 20_000; i += 1) data.add(Buffer.from([i % 256]))
    data.add(large)
    for (let i = 0; i < 20_000; i += 1) data.add(Buffer.from([i % 251]))
    const buffers = data.buffers()
    expect(buffers).toContain(large)
    expect(buffers.length).toBeLessThan(8)
    const whole = Buffer.concat(buffers)
    expect(whole.length).toBe(50_000)
    expect([whole[0], whole[19_999], whole[20_000], whole[30_000], whole[49_999]]).toEqual([
      0,
      19_999 % 256,
      1,
      0,
      19_999 % 251,
    ])
  })
})
