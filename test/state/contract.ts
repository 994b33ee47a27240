/** What every store promises, whatever is behind it. Run by one test file for each store. */
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { FULL_TAT_MS, rateOf } from '../../proxy/pacing/gcra.ts'
import type { BucketCharge } from '../../proxy/pacing/limiter.ts'
import type { StateStore } from '../../proxy/state/store.ts'
import type { SignedCall } from '../../proxy/state/replays.ts'
import type { Bed } from './bed.ts'
import { keepingContract } from './keeping-contract.ts'
import { liveBucketsContract } from './live-buckets-contract.ts'
import { Reference, tries, type Try } from './reference.ts'
import { World } from './world.ts'
import { sized } from '../support/sample.ts'

export interface Contract {
  readonly bed: (world: World) => Promise<Bed>
  /** Whether a new process finds what an earlier one left. */
  readonly survives: boolean
  /** How many steps of the limiter are compared with the reference; a tenth of them, unless thorough. */
  readonly steps: number
}

const PER_AGENT = 3
const STEPS_PER_RUN = 200
const MINUTE_MS = 60_000

const charge = (key: string, weight = 1, rate = rateOf(6, MINUTE_MS, 2)): BucketCharge => ({
  key,
  rate,
  weight,
})

export function storeContract({ bed: bedIn, survives, steps }: Contract): void {
  const compared = sized(steps, steps / 10)
  // Not of a store that nobody shares and that nothing survives.
  const ofShared = survives ? it : undefined
  let world: World
  let bed: Bed
  let store: StateStore

  const open = (): Promise<StateStore> => bed.open({ replaysPerAgent: PER_AGENT })
  const advance = async (ms: number): Promise<void> => {
    world.advance(ms)
    await bed.moved()
  }
  const take = async (charges: readonly BucketCharge[], reserveWithinMs?: number) =>
    store.limiter.take(charges, world.nowMs(), reserveWithinMs)

  const fresh = async (): Promise<void> => {
    world = new World()
    bed = await bedIn(world)
    store = await open()
  }

  describe('limiter', () => {
    beforeEach(async () => {
      await fresh()
      return async () => {
        await store.close()
        await bed.close()
      }
    })

    it('agrees with a reference that counts every window', { timeout: 300_000 }, async () => {
      let made = 0
      const run = async (list: readonly Try[]) => {
        const reference = new Reference()
        made += list.length
        // Keys of its own, so that runs need no new store.
        const runName = `of run ${made}`
        let [refused, turnMs]: [readonly BucketCharge[] | undefined, number] = [undefined, 0]
        for (const each of list) {
          const atTurn: boolean = each.since === 'turn' && refused !== undefined
          await advance(Math.max(0, atTurn ? turnMs - each.gapMs - world.nowMs() : each.gapMs))
          const charges: readonly BucketCharge[] =
            (atTurn ? refused : undefined) ??
            each.charges.map((one) => ({ ...one, key: `${one.key} ${runName}` }))
          const asked = store.limiter.take(charges, world.nowMs())
          const turn = asked instanceof Promise ? await asked : asked
          const passes = turn.kind === 'now'
          if (passes !== reference.allows(charges, world.trueMs)) throw new Error(`turn ${turn.kind}`)
          if (passes) reference.pass(charges, world.trueMs)
          ;[refused, turnMs] = turn.kind === 'at' ? [charges, turn.turnAtMs] : [undefined, 0]
        }
      }
      const list = fc.array(tries, { minLength: STEPS_PER_RUN, maxLength: STEPS_PER_RUN })
      await fc.assert(fc.asyncProperty(list, run), {
        numRuns: Math.ceil(compared / STEPS_PER_RUN),
        endOnFailure: true,
      })
      expect(made).toBeGreaterThanOrEqual(compared)
    })

    it('passes at the turn that it names, and not before', async () => {
      await take([charge('k', 2)])
      const turn = await take([charge('k')])
      expect(turn).toEqual({ kind: 'at', turnAtMs: world.nowMs() + 10_000, limiting: 0 })
      await advance(10_000 - 1 / 1024)
      expect((await take([charge('k')])).kind).toBe('at')
      await advance(1 / 1024)
      expect(await take([charge('k')])).toEqual({ kind: 'now' })
    })

    it('charges all buckets or none', async () => {
      await take([charge('full', 2)])
      const before = await store.limiter.peek(['full', 'free', 'other'])
      expect(before).toEqual([world.nowMs() + 20_000, FULL_TAT_MS, FULL_TAT_MS])
      expect(await take([charge('free'), charge('full')])).toMatchObject({ kind: 'at', limiting: 1 })
      expect(await take([charge('free'), charge('other', 3)])).toEqual({ kind: 'never', limiting: 1 })
      expect(await store.limiter.peek(['full', 'free', 'other'])).toEqual(before)
    })

    liveBucketsContract({ now: () => ({ world, store }), take, advance, open, ofShared })

    it('names the charge that makes a call wait the longest', async () => {
      const slow = rateOf(1, MINUTE_MS, 2)
      await take([charge('quick', 2), charge('slow', 2, slow)])
      expect(await take([charge('quick'), charge('slow', 1, slow)])).toEqual({
        kind: 'at',
        turnAtMs: world.nowMs() + MINUTE_MS,
        limiting: 1,
      })
    })

    it('reserves a turn that comes within the time given, and no later one', async () => {
      await take([charge('k', 2)])
      const offsets: unknown[] = []
      for (let i = 0; i < 3; i += 1) {
        const turn = await take([charge('k')], 20_000)
        offsets.push(turn.kind === 'at' && turn.turnAtMs - world.nowMs())
      }
      expect(offsets).toEqual([10_000, 20_000, 30_000])
      expect(await take([charge('k')])).toMatchObject({ turnAtMs: world.nowMs() + 30_000 })
    })

    it.each([0, -5, 3, NaN, Infinity])('never lets the weight %d pass a burst of 2', async (weight) => {
      expect(await take([charge('k', weight)])).toEqual({ kind: 'never', limiting: 0 })
      expect((await take([charge('k', 2)])).kind).toBe('now')
    })

    it('gains and loses nothing by refused tries', async () => {
      await take([charge('k', 2)])
      for (let i = 0; i < 99; i += 1) {
        await advance(100)
        expect((await take([charge('k')])).kind).toBe('at')
      }
      await advance(100)
      expect((await take([charge('k')])).kind).toBe('now')
    })

    it('keeps keys apart that look alike', async () => {
      const keys = ['k', 'k ', 'K', 'k%', "k'", 'k"', 'k{x}', 'k:', 'ключ', '\u{1f512}', 'k\nk']
      for (const key of keys) expect((await take([charge(key, 2)])).kind).toBe('now')
      for (const key of keys) expect((await take([charge(key)])).kind).toBe('at')
    })

    it('takes a slower or faster rate of a bucket from the next call on', async () => {
      await take([charge('k', 2)])
      const faster = rateOf(60, MINUTE_MS, 2)
      await advance(19_000)
      expect((await take([charge('k', 1, faster)])).kind).toBe('now')
    })

    ofShared?.('is charged by all processes together, and by those after them', async () => {
      const other = await open()
      try {
        const of = async (each: StateStore) => (await each.limiter.take([charge('k')], world.nowMs())).kind
        expect([await of(store), await of(other), await of(store), await of(other)]).toEqual([
          'now',
          'now',
          'at',
          'at',
        ])
      } finally {
        await other.close()
      }
      await store.close()
      world.newProcess()
      store = await open()
      expect((await take([charge('k')])).kind).toBe('at')
      await advance(10_000)
      expect((await take([charge('k')])).kind).toBe('now')
    })
  })

  describe('replays', () => {
    beforeEach(async () => {
      await fresh()
      return async () => {
        await store.close()
        await bed.close()
      }
    })

    const call = (of: Partial<SignedCall> = {}): SignedCall => {
      const signedAtMs = of.signedAtMs ?? world.wallMs()
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
    const claim = async (of: Partial<SignedCall> = {}) => store.replays.claim(call(of), world.wallMs())

    it('lets a call be forwarded once', async () => {
      const first = call()
      expect(store.replays.has(first, world.wallMs())).toBe(false)
      expect(await store.replays.claim(first, world.wallMs())).toBe('claimed')
      expect(store.replays.has(first, world.wallMs())).toBe(true)
      expect(await store.replays.claim(first, world.wallMs())).toBe('replayed')
    })

    it('lets one of several win that come at once', async () => {
      const one = call()
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, async () => store.replays.claim(one, world.wallMs())),
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
      expect(await claim({ invocationId: 'id-2', receivedAtMs: world.wallMs() + afterMs })).toBe(outcome)
    })

    it('keeps agents and keys apart, however they are written', async () => {
      expect(await claim()).toBe('claimed')
      expect(await claim({ agentId: 'b' })).toBe('claimed')
      expect(await claim({ agentId: 'a:f00d', key: 'f0' })).toBe('claimed')
      expect(await claim({ agentId: 'a', key: 'f00d0' })).toBe('claimed')
    })

    it('remembers while the signature is good, whatever else passes', async () => {
      const first = call()
      await store.replays.claim(first, world.wallMs())
      for (let minute = 0; minute < 14; minute += 1) {
        await advance(MINUTE_MS)
        await claim({ key: `0${minute}`, agentId: 'b' })
        expect(await store.replays.claim(first, world.wallMs())).toBe('replayed')
      }
    })

    it('is full for one agent, not for another, and empties with time', async () => {
      for (const key of ['01', '02', '03']) expect(await claim({ key })).toBe('claimed')
      expect(await claim({ key: '04' })).toBe('full')
      expect(await claim({ key: '01', invocationId: 'more' })).toBe('full')
      expect(await claim({ key: '04', agentId: 'b' })).toBe('claimed')
      await advance(16 * MINUTE_MS)
      expect(await claim({ key: '05' })).toBe('claimed')
    })

    it('refuses what is so old that it may be forgotten', async () => {
      const signedAtMs = world.wallMs() - 16 * MINUTE_MS
      expect(await claim({ signedAtMs })).toBe('replayed')
    })

    ofShared?.('forgets nothing with a restart, and lets one of two processes win', async () => {
      const other = await open()
      const one = call()
      const outcomes = await Promise.all(
        [store, other].map(async (each) => each.replays.claim(one, world.wallMs())),
      )
      expect(outcomes.toSorted()).toEqual(['claimed', 'replayed'])
      await other.close()
      await store.close()
      world.newProcess()
      store = await open()
      expect(await store.replays.claim(one, world.wallMs())).toBe('replayed')
    })
  })

  keepingContract({ bedIn, survives, perAgent: PER_AGENT })
}
