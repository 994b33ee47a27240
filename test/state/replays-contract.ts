/** What every store promises about copies of calls. A part of contract.ts. */
import { beforeEach, describe, expect, it } from 'vitest'
import type { SignedCall } from '../../proxy/state/replays.ts'
import type { StateStore } from '../../proxy/state/store.ts'
import type { World } from './world.ts'

export const MINUTE_MS = 60_000

/** The store of the test that runs, and what may happen to it. */
export interface ReplaysScene {
  /** Undefined for a store that nobody shares and that nothing survives. */
  readonly ofShared: typeof it | undefined
  readonly world: World
  readonly store: StateStore
  /** Begins with an empty store. */
  fresh(): Promise<void>
  /** Returns another process on the same state. */
  open(): Promise<StateStore>
  advance(ms: number): Promise<void>
  /** Ends the process of `store`, and begins another. */
  restart(): Promise<void>
  end(): Promise<void>
}

export function replaysContract(scene: ReplaysScene): void {
  describe('replays', () => {
    beforeEach(async () => {
      await scene.fresh()
      return () => scene.end()
    })

    const call = (of: Partial<SignedCall> = {}): SignedCall => {
      const signedAtMs = of.signedAtMs ?? scene.world.wallMs()
      const validUntilMs = signedAtMs + 5 * MINUTE_MS
      return {
        agentId: 'a',
        key: 'f00d',
        invocationId: 'id-1',
        signedAtMs,
        receivedAtMs: signedAtMs + 300,
        validUntilMs,
        ...of,
      }
    }
    const claim = async (of: Partial<SignedCall> = {}) =>
      scene.store.replays.claim(call(of), scene.world.wallMs())

    it('lets a call be forwarded once', async () => {
      const first = call()
      expect(scene.store.replays.has(first, scene.world.wallMs())).toBe(false)
      expect(await scene.store.replays.claim(first, scene.world.wallMs())).toBe('claimed')
      expect(scene.store.replays.has(first, scene.world.wallMs())).toBe(true)
      expect(await scene.store.replays.claim(first, scene.world.wallMs())).toBe('replayed')
    })

    it('lets one of several win that come at once', async () => {
      const one = call()
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, async () => scene.store.replays.claim(one, scene.world.wallMs())),
      )
      expect(outcomes.filter((each) => each === 'claimed')).toHaveLength(1)
      expect(outcomes.filter((each) => each === 'replayed')).toHaveLength(19)
    })

    it('takes equal calls with other ids within their second as calls of their own', async () => {
      const outcomes: string[] = []
      for (const invocationId of ['id-1', '', "id'2"]) outcomes.push(await claim({ invocationId }))
      expect(outcomes).toEqual(['claimed', 'claimed', 'claimed'])
      expect(await claim({ invocationId: '' })).toBe('replayed')
    })

    it.each([
      [1_999, 'claimed'],
      [2_000, 'replayed'],
      [60_000, 'replayed'],
    ])('judges a new id %i ms after the date: %s', async (afterMs, outcome) => {
      await claim()
      expect(await claim({ invocationId: 'id-2', receivedAtMs: scene.world.wallMs() + afterMs })).toBe(
        outcome,
      )
    })

    it('keeps agents and keys apart, however they are written', async () => {
      expect(await claim()).toBe('claimed')
      expect(await claim({ agentId: 'b' })).toBe('claimed')
      expect(await claim({ agentId: 'a:f00d', key: 'f0' })).toBe('claimed')
      expect(await claim({ agentId: 'a', key: 'f00d0' })).toBe('claimed')
    })

    it('remembers while the signature is good, whatever else passes', async () => {
      const first = call()
      await scene.store.replays.claim(first, scene.world.wallMs())
      for (let minute = 0; minute < 14; minute += 1) {
        await scene.advance(MINUTE_MS)
        await claim({ key: `0${minute}`, agentId: 'b' })
        expect(await scene.store.replays.claim(first, scene.world.wallMs())).toBe('replayed')
      }
    })

    it('is full for one agent, not for another, and empties with time', async () => {
      for (const key of ['01', '02', '03']) expect(await claim({ key })).toBe('claimed')
      expect(await claim({ key: '04' })).toBe('full')
      expect(await claim({ key: '01', invocationId: 'more' })).toBe('full')
      expect(await claim({ key: '04', agentId: 'b' })).toBe('claimed')
      await scene.advance(16 * MINUTE_MS)
      expect(await claim({ key: '05' })).toBe('claimed')
    })

    it('lets one copy go after a claim was ended, and none after that', async () => {
      const one = call()
      for (let round = 0; round < 3; round += 1) {
        const outcomes = await Promise.all(
          Array.from({ length: 10 }, async () => scene.store.replays.claim(one, scene.world.wallMs())),
        )
        expect(outcomes.filter((each) => each === 'claimed')).toHaveLength(1)
        expect(await scene.store.replays.has(one, scene.world.wallMs())).toBe(true)
        await scene.store.replays.release(one, scene.world.wallMs())
        expect(await scene.store.replays.has(one, scene.world.wallMs())).toBe(false)
      }
      expect(await scene.store.replays.claim(one, scene.world.wallMs())).toBe('claimed')
      expect(await scene.store.replays.claim(one, scene.world.wallMs())).toBe('replayed')
    })

    it('ends the claim of that call alone', async () => {
      await claim()
      await claim({ invocationId: 'id-2' })
      await claim({ agentId: 'b' })
      await scene.store.replays.release(call({ invocationId: 'id-2' }), scene.world.wallMs())
      expect(await claim()).toBe('replayed')
      expect(await claim({ agentId: 'b' })).toBe('replayed')
      expect(await claim({ invocationId: 'id-2' })).toBe('claimed')
      // Later than its second, another id on a signature that is claimed is a copy still.
      await scene.store.replays.release(call({ invocationId: 'id-2' }), scene.world.wallMs())
      const late = { invocationId: 'id-2', receivedAtMs: scene.world.wallMs() + 2_000 }
      expect(await claim(late)).toBe('replayed')
      await scene.store.replays.release(call(), scene.world.wallMs())
      expect(await claim(late)).toBe('claimed')
      expect(await claim({ ...late, invocationId: 'id-3' })).toBe('replayed')
    })

    it('does nothing where nothing is claimed, and makes room where something was', async () => {
      await scene.store.replays.release(call({ key: '09' }), scene.world.wallMs())
      for (const key of ['01', '02', '03']) expect(await claim({ key })).toBe('claimed')
      await scene.store.replays.release(call({ key: '09' }), scene.world.wallMs())
      expect(await claim({ key: '04' })).toBe('full')
      await scene.store.replays.release(call({ key: '02' }), scene.world.wallMs())
      await scene.store.replays.release(call({ key: '02' }), scene.world.wallMs())
      expect(await claim({ key: '04' })).toBe('claimed')
      expect(await claim({ key: '02' })).toBe('full')
    })

    it('refuses what is so old that it may be forgotten', async () => {
      const signedAtMs = scene.world.wallMs() - 16 * MINUTE_MS
      expect(await claim({ signedAtMs })).toBe('replayed')
    })

    scene.ofShared?.('forgets nothing with a restart, and lets one of two processes win', async () => {
      const other = await scene.open()
      const one = call()
      const outcomes = await Promise.all(
        [scene.store, other].map(async (each) => each.replays.claim(one, scene.world.wallMs())),
      )
      expect(outcomes.toSorted()).toEqual(['claimed', 'replayed'])
      await other.close()
      await scene.restart()
      expect(await scene.store.replays.claim(one, scene.world.wallMs())).toBe('replayed')
    })

    scene.ofShared?.('ends a claim for all processes, wherever the copies went before', async () => {
      const other = await scene.open()
      try {
        const one = call()
        expect(await scene.store.replays.claim(one, scene.world.wallMs())).toBe('claimed')
        // The other one knows by now that it is a copy.
        expect(await other.replays.claim(one, scene.world.wallMs())).toBe('replayed')
        expect(await other.replays.has(one, scene.world.wallMs())).toBe(true)
        await scene.store.replays.release(one, scene.world.wallMs())
        expect(await other.replays.has(one, scene.world.wallMs())).toBe(false)
        const outcomes = await Promise.all(
          [scene.store, other, scene.store, other].map(async (each) =>
            each.replays.claim(one, scene.world.wallMs()),
          ),
        )
        expect(outcomes.toSorted()).toEqual(['claimed', 'replayed', 'replayed', 'replayed'])
      } finally {
        await other.close()
      }
    })

    scene.ofShared?.('forgets with a restart neither a claim nor that it was ended', async () => {
      const [ended, kept] = [call({ key: '01' }), call({ key: '02' })]
      for (const each of [ended, kept]) await scene.store.replays.claim(each, scene.world.wallMs())
      await scene.store.replays.release(ended, scene.world.wallMs())
      await scene.restart()
      expect(await scene.store.replays.claim(ended, scene.world.wallMs())).toBe('claimed')
      expect(await scene.store.replays.claim(kept, scene.world.wallMs())).toBe('replayed')
    })
  })
}
