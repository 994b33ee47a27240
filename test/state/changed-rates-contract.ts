/** What every store promises of a bucket whose rate is changed; a part of the contract of stores. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { rateOf, slowed, type Rate } from '../../proxy/pacing/gcra.ts'
import type { BucketCharge, Limiter, Turn } from '../../proxy/pacing/limiter.ts'
import type { World } from './world.ts'

const HOUR_MS = 3_600_000

export interface ChangedRatesScene {
  readonly take: (charges: readonly BucketCharge[]) => Promise<Turn>
  readonly peek: Limiter['peek']
  readonly advance: (ms: number) => Promise<void>
  readonly world: () => World
}

/** A try some time after the last, by one of some rates, of an agent that may be slowed. */
const tries = fc.record({
  gapMs: fc.oneof(fc.constant(0), fc.nat(2 * HOUR_MS)),
  things: fc.constantFrom(1, 3, 7, 60, 3_600),
  burst: fc.constantFrom(1, 2, 5),
  weight: fc.integer({ min: 1, max: 5 }),
  factor: fc.constantFrom(1, 1, 4),
})

export function changedRatesContract({ take, advance, peek, world }: ChangedRatesScene): void {
  const taken = async (key: string, rate: Rate, weight = 1): Promise<Turn['kind']> =>
    (await take([{ key, rate, weight }])).kind
  const perHour = (things: number, burst: number): Rate => rateOf(things, HOUR_MS, burst)

  it('gives nothing back when its rate is lowered: as many things are owed as before', async () => {
    for (const each of [1, 2]) expect([each, await taken('k', perHour(3, 2))]).toEqual([each, 'now'])
    const slower = perHour(1, 2)
    expect(await take([{ key: 'k', rate: slower, weight: 1 }])).toMatchObject({
      kind: 'at',
      turnAtMs: world().nowMs() + HOUR_MS,
    })
    await advance(HOUR_MS - 1)
    expect(await taken('k', slower)).toBe('at')
    await advance(1)
    expect(await taken('k', slower)).toBe('now')
    expect(await taken('k', slower)).toBe('at')
  })

  it('lets the rest go sooner when its rate is raised, and not at once', async () => {
    await taken('k', perHour(1, 2), 2)
    const faster = perHour(60, 2)
    expect(await take([{ key: 'k', rate: faster, weight: 1 }])).toMatchObject({
      kind: 'at',
      turnAtMs: world().nowMs() + HOUR_MS / 60,
    })
  })

  it('is asked for in the terms of another rate, and stays as it is', async () => {
    await taken('k', perHour(60, 2), 2)
    const nowMs = world().nowMs()
    const as = { rates: [perHour(6, 2)], nowMs }
    expect(await peek(['k'], as)).toEqual([nowMs + (2 * HOUR_MS) / 6])
    expect(await peek(['k'])).toEqual([nowMs + (2 * HOUR_MS) / 60])
  })

  it('never owes less by a change of rate, burst, weight or slowing than by time', async () => {
    let runs = 0
    const run = async (list: readonly (typeof tries extends fc.Arbitrary<infer T> ? T : never)[]) => {
      const key = `k ${(runs += 1)}`
      // What is owed at least, in things. Time pays it off by the faster of the rates before and after it.
      let [owed, fastest] = [0, 0]
      for (const { gapMs, things, burst, weight, factor } of list) {
        await advance(gapMs)
        const usual = perHour(things, burst)
        owed = Math.max(0, owed - (gapMs / HOUR_MS) * Math.max(things, fastest))
        const kind = await taken(key, slowed(usual, weight, factor), weight)
        // What can never pass is not looked at.
        fastest = kind === 'never' ? Math.max(things, fastest) : things
        if (kind !== 'now') continue
        expect(owed + weight).toBeLessThanOrEqual(burst + 1e-6)
        owed += weight * factor
      }
    }
    await fc.assert(fc.asyncProperty(fc.array(tries, { minLength: 20, maxLength: 20 }), run), { numRuns: 40 })
  })
}
