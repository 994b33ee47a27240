/** What every store promises, whatever is behind it. Run by one test file for each store. */
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { FULL_TAT_MS, rateOf } from '../../proxy/pacing/gcra.ts'
import type { BucketCharge } from '../../proxy/pacing/limiter.ts'
import type { StateStore } from '../../proxy/state/store.ts'
import type { Bed } from './bed.ts'
import { keepingContract } from './keeping-contract.ts'
import { changedRatesContract } from './changed-rates-contract.ts'
import { liveBucketsContract } from './live-buckets-contract.ts'
import { Reference, tries, type Try } from './reference.ts'
import { MINUTE_MS, replaysContract } from './replays-contract.ts'
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

    changedRatesContract({
      take,
      advance,
      peek: (keys, as) => store.limiter.peek(keys, as),
      world: () => world,
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

  replaysContract({
    ofShared,
    fresh,
    open,
    advance,
    get world() {
      return world
    },
    get store() {
      return store
    },
    async restart() {
      await store.close()
      world.newProcess()
      store = await open()
    },
    async end() {
      await store.close()
      await bed.close()
    },
  })

  keepingContract({ bedIn, survives, perAgent: PER_AGENT })
}
