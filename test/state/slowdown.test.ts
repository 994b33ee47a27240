import { describe, expect, it } from 'vitest'
import { MAX_FACTOR, slowdownOf, type Slowdown } from '../../proxy/state/slowdown.ts'
import { VirtualTime } from '../../proxy/core/virtual-time.ts'
import { openLedger } from './open-ledger.ts'

async function withValue(value: unknown): Promise<(agentId: string) => number> {
  const ledger = await openLedger(new VirtualTime())
  await ledger.put('slowdown', 'a', value)
  return slowdownOf(ledger)
}

describe('slowdownOf', () => {
  it('reads the factor of the agent that the entry names, and 1 for others', async () => {
    const factorOf = await withValue({ factor: 4, reason: 'fan-out', by: 'watcher' } satisfies Slowdown)
    expect([factorOf('a'), factorOf('b')]).toEqual([4, 1])
  })

  it.each([
    ['a factor that would hasten', { factor: 0.1, reason: 'r', by: 'b' }],
    ['a factor beyond the most', { factor: 1e9, reason: 'r', by: 'b' }],
    ['a member of a later version', { factor: 2, reason: 'r', by: 'b', classes: ['write'] }],
    ['another shape', 'slow'],
  ])('slows the most for %s', async (_, value) => {
    expect((await withValue(value))('a')).toBe(MAX_FACTOR)
  })
})
