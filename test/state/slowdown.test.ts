import { describe, expect, it } from 'vitest'
import { MAX_FACTOR, slowdownOf, type Slowdown } from '../../proxy/state/slowdown.ts'
import type { Entry } from '../../proxy/state/ledger.ts'

const withValue = (value: unknown) =>
  slowdownOf({
    get: (kind, id): Entry | undefined =>
      kind === 'slowdown' && id === 'a'
        ? { kind, id, value, revision: 1, version: 1, expiresAtMs: undefined }
        : undefined,
  })

describe('slowdownOf', () => {
  it('reads the factor of the agent that the entry names, and 1 for others', () => {
    const factorOf = withValue({ factor: 4, reason: 'fan-out', by: 'watcher' } satisfies Slowdown)
    expect([factorOf('a'), factorOf('b')]).toEqual([4, 1])
  })

  it.each([
    ['a factor that would hasten', { factor: 0.1, reason: 'r', by: 'b' }],
    ['a factor beyond the most', { factor: 1e9, reason: 'r', by: 'b' }],
    ['another shape', 'slow'],
  ])('slows the most for %s', (_, value) => {
    expect(withValue(value)('a')).toBe(MAX_FACTOR)
  })
})
