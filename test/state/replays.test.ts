import { describe, expect, it } from 'vitest'
import { ReplayMemory, type SignedCall } from '../../proxy/state/replays.ts'

const SIGNED_AT_MS = Date.UTC(2026, 2, 4, 5, 6, 7)
const MINUTE_MS = 60_000

function call(of: Partial<SignedCall> = {}): SignedCall {
  return {
    agentId: 'a',
    key: 'f00d',
    invocationId: 'id-1',
    signedAtMs: SIGNED_AT_MS,
    receivedAtMs: SIGNED_AT_MS + 300,
    validUntilMs: SIGNED_AT_MS + 5 * MINUTE_MS,
    ...of,
  }
}

/** A memory, and what it says of a call that is claimed the moment it arrives. */
function memory(perAgent = 100) {
  const replays = new ReplayMemory({ perAgent })
  return { replays, claim: (of?: Partial<SignedCall>) => replays.claim(call(of), call(of).receivedAtMs) }
}

describe('ReplayMemory', () => {
  it('lets a call be forwarded once', () => {
    const { replays, claim } = memory()
    expect(replays.has(call(), call().receivedAtMs)).toBe(false)
    expect(claim()).toBe('claimed')
    expect(replays.has(call(), call().receivedAtMs)).toBe(true)
    expect(claim()).toBe('replayed')
  })

  it('forgets nothing by asking: a call that was never claimed stays free', () => {
    const { replays, claim } = memory()
    for (let i = 0; i < 3; i++) expect(replays.has(call(), SIGNED_AT_MS)).toBe(false)
    expect(claim()).toBe('claimed')
  })

  it('takes equal calls with other ids within their second as calls of their own', () => {
    const { claim } = memory()
    expect(['id-1', 'id-2', 'id-3', ''].map((invocationId) => claim({ invocationId }))).toEqual(
      Array(4).fill('claimed'),
    )
    expect(claim({ invocationId: 'id-2' })).toBe('replayed')
    expect(claim({ invocationId: '' })).toBe('replayed')
  })

  it.each([
    [1_999, 'claimed'],
    [2_000, 'replayed'],
    [60_000, 'replayed'],
  ])('judges a new id %i ms after the date: %s', (afterMs, outcome) => {
    const { claim } = memory()
    claim()
    expect(claim({ invocationId: 'id-2', receivedAtMs: SIGNED_AT_MS + afterMs })).toBe(outcome)
  })

  it('takes the first use whenever it comes', () => {
    expect(memory().claim({ receivedAtMs: SIGNED_AT_MS + 4 * MINUTE_MS })).toBe('claimed')
  })

  it('keeps agents apart', () => {
    const { claim } = memory()
    claim()
    expect(claim({ agentId: 'b' })).toBe('claimed')
  })

  it('remembers while the signature is good, and what was held meanwhile', () => {
    const { replays, claim } = memory()
    claim()
    const late = call({ receivedAtMs: SIGNED_AT_MS + 5 * MINUTE_MS })
    // Many others pass, each of which may make it forget.
    for (let i = 0; i < 20; i++) {
      const receivedAtMs = SIGNED_AT_MS + i * MINUTE_MS
      claim({ key: `k${i}`, signedAtMs: receivedAtMs, receivedAtMs, validUntilMs: receivedAtMs })
      expect(replays.has(late, receivedAtMs)).toBe(true)
    }
  })

  it('forgets what is too old, and refuses it for that', () => {
    const { replays, claim } = memory()
    for (let i = 0; i < 50; i++) claim({ key: `k${i}` })
    expect(replays.size).toBe(50)
    const receivedAtMs = SIGNED_AT_MS + 60 * MINUTE_MS
    claim({ key: 'new', signedAtMs: receivedAtMs, receivedAtMs, validUntilMs: receivedAtMs })
    expect(replays.size).toBe(1)
    expect(replays.claim(call({ key: 'k1' }), receivedAtMs)).toBe('replayed')
  })

  it('is full for one agent, not for another, and empties with time', () => {
    const { claim } = memory(3)
    for (const key of ['1', '2', '3']) expect(claim({ key })).toBe('claimed')
    expect(claim({ key: '4' })).toBe('full')
    // Ids count too: they are the agent's to choose.
    expect(claim({ key: '1', invocationId: 'more' })).toBe('full')
    expect(claim({ key: '4', agentId: 'b' })).toBe('claimed')
    const receivedAtMs = SIGNED_AT_MS + 60 * MINUTE_MS
    expect(claim({ key: '5', signedAtMs: receivedAtMs, receivedAtMs, validUntilMs: receivedAtMs })).toBe(
      'claimed',
    )
  })
})
