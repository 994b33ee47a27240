import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { AuditRecord } from '../../proxy/audit/record.ts'
import { unverifiedRefusals } from '../../proxy/observe/refusals.ts'

beforeEach(() => void vi.useFakeTimers({ now: 0 }))
afterEach(() => void vi.useRealTimers())

function setUp() {
  const written: AuditRecord[] = []
  const refusals = unverifiedRefusals({
    audit: { append: (record) => void written.push(record) },
    clock: { nowMs: () => Date.now() },
  })
  const refuse = (reason = 'bad_signature') =>
    refusals.record({ phase: 'decision', decision: 'deny', reason })
  return { written, refusals, refuse }
}

describe('unverifiedRefusals', () => {
  it('records the first 100 one by one, then 10 a second', () => {
    const { written, refuse } = setUp()
    for (let i = 0; i < 150; i += 1) refuse()
    expect(written.length).toBe(100)
    vi.advanceTimersByTime(1000)
    for (let i = 0; i < 50; i += 1) refuse()
    expect(written.length).toBe(110)
  })

  it('counts the rest by reason in one record after 10 seconds, also if nothing more comes', () => {
    const { written, refuse } = setUp()
    for (let i = 0; i < 100; i += 1) refuse()
    for (let i = 0; i < 7; i += 1) refuse('clock_skew')
    refuse()
    vi.advanceTimersByTime(10_000)
    expect(written.slice(100)).toEqual([{ phase: 'refusals', refusals: { clock_skew: 7, bad_signature: 1 } }])
  })

  it('leaves none uncounted and few records behind a million refusals', () => {
    const { written, refuse } = setUp()
    for (let i = 0; i < 1_000_000; i += 1) {
      if (i % 20_000 === 0) vi.advanceTimersByTime(1000)
      refuse()
    }
    vi.advanceTimersByTime(10_000)
    const single = written.filter(({ phase }) => phase === 'decision').length
    const counted = written
      .flatMap(({ refusals }) => Object.values(refusals ?? {}))
      .reduce((a, b) => a + b, 0)
    expect(single + counted).toBe(1_000_000)
    expect(written.length).toBeLessThan(100 + 60 * 10 + 10)
  })

  it('writes open counts when flushed, once', () => {
    const { written, refusals, refuse } = setUp()
    for (let i = 0; i < 101; i += 1) refuse()
    refusals.flush()
    refusals.flush()
    vi.advanceTimersByTime(20_000)
    expect(written.filter(({ phase }) => phase === 'refusals').length).toBe(1)
  })
})
