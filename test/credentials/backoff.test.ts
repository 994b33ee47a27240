import { describe, expect, it } from 'vitest'
import { Backoff } from '../../proxy/credentials/backoff.ts'

function backoff() {
  let nowMs = 1_000_000
  return { backoff: new Backoff({ nowMs: () => nowMs }), pass: (ms: number) => (nowMs += ms) }
}

describe('Backoff', () => {
  it('waits ever longer, up to half a minute, and not at all after a success', () => {
    const { backoff: held, pass } = backoff()
    const waits = Array.from({ length: 7 }, () => {
      held.failed('a')
      const waitMs = held.waitMs('a')
      pass(waitMs)
      return waitMs
    })
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
    held.succeeded('a')
    expect(held.waitMs('a')).toBe(0)
    held.failed('a')
    expect(held.waitMs('a')).toBe(1_000)
  })

  it('counts attempts that failed together once', () => {
    const { backoff: held } = backoff()
    for (let i = 0; i < 100; i++) held.failed('a')
    expect(held.waitMs('a')).toBe(1_000)
  })

  it('holds up nobody else', () => {
    const { backoff: held } = backoff()
    held.failed('a')
    expect(held.waitMs('b')).toBe(0)
  })
})
