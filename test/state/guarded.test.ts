import { describe, expect, it } from 'vitest'
import { Denial } from '../../proxy/core/denial/denial.ts'
import { rateOf } from '../../proxy/pacing/gcra.ts'
import { guarded } from '../../proxy/state/guarded.ts'
import { memoryStore } from '../../proxy/state/memory.ts'
import type { StateStore } from '../../proxy/state/store.ts'

const CHARGES = [{ key: 'k', rate: rateOf(1, 1_000, 5), weight: 1 }]
const CALL = {
  agentId: 'a',
  key: 'f00d',
  invocationId: '',
  signedAtMs: 0,
  receivedAtMs: 0,
  validUntilMs: 1_000,
}

/** A store that fails as long as it is told to: at once, as SQLite does, or later, as Valkey does. */
function scene(how: 'throws' | 'rejects') {
  const near = memoryStore({ replaysPerAgent: 10 })
  const broken = { now: false }
  const turns: (readonly [boolean, unknown])[] = []
  const failing = <Result>(work: () => Result | Promise<Result>): Result | Promise<Result> => {
    if (!broken.now) return how === 'throws' ? work() : Promise.resolve(work())
    const error = new Error('store is gone')
    if (how === 'throws') throw error
    return Promise.reject(error)
  }
  const store: StateStore = {
    ...near,
    limiter: {
      take: (...args) => failing(() => near.limiter.take(...args)),
      peek: (...args) => failing(() => near.limiter.peek(...args)),
      live: (...args) => failing(() => near.limiter.live(...args)),
      emptiest: (...args) => failing(() => near.limiter.emptiest(...args)),
    },
    replays: {
      has: near.replays.has.bind(near.replays),
      claim: (...args) => failing(() => near.replays.claim(...args)),
      release: (...args) => failing(() => near.replays.release(...args)),
    },
    ledger: {
      write: async (...args) => failing(() => near.ledger.write(...args)),
      since: async (...args) => failing(() => near.ledger.since(...args)),
    },
    notes: {
      get: async (...args) => failing(() => near.notes.get(...args)),
      set: async (...args) => failing(() => near.notes.set(...args)),
    },
  }
  return { store: guarded(store, ({ up, error }) => turns.push([up, error])), broken, turns }
}

const thrown = async (work: () => unknown): Promise<unknown> => {
  try {
    await work()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

describe.each(['throws', 'rejects'] as const)('a guarded store that %s', (how) => {
  it('hands on what the store says, as it says it', async () => {
    const { store, turns } = scene(how)
    const turn = store.limiter.take(CHARGES, 0)
    expect(turn instanceof Promise).toBe(how === 'rejects')
    expect(await turn).toEqual({ kind: 'now' })
    expect(await store.replays.claim(CALL, 0)).toBe('claimed')
    expect(store.replays.has(CALL, 0)).toBe(true)
    await store.replays.release(CALL, 0)
    expect(store.replays.has(CALL, 0)).toBe(false)
    expect(await store.limiter.peek(['k'])).toEqual([1_000])
    expect(store.up).toBe(true)
    expect(turns).toEqual([])
  })

  it('refuses calls with state_unavailable while it fails, and tells once when that begins and ends', async () => {
    const { store, broken, turns } = scene(how)
    broken.now = true
    for (const work of [
      () => store.limiter.take(CHARGES, 0),
      () => store.limiter.peek(['k']),
      () => store.replays.claim(CALL, 0),
      () => store.replays.release(CALL, 0),
    ]) {
      const error = await thrown(work)
      expect(error).toBeInstanceOf(Denial)
      expect(error).toMatchObject({ reason: 'state_unavailable', cause: { message: 'store is gone' } })
    }
    expect(store.up).toBe(false)
    broken.now = false
    await store.ledger.since(undefined)
    expect(store.up).toBe(true)
    expect(turns.map(([up]) => up)).toEqual([false, true])
    expect(turns[0]?.[1]).toMatchObject({ message: 'store is gone' })
  })

  it('leaves what the ledger is told as it is: who writes there is no call to refuse', async () => {
    const { store, broken } = scene(how)
    broken.now = true
    const error = await thrown(() => store.ledger.since(undefined))
    expect(error).not.toBeInstanceOf(Denial)
    expect(store.up).toBe(false)
  })
})
