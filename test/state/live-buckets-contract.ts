/** What every store promises of the buckets that it shows to operators; a part of the contract of stores. */
import { expect, it } from 'vitest'
import { rateOf } from '../../proxy/pacing/gcra.ts'
import type { BucketCharge } from '../../proxy/pacing/limiter.ts'
import type { StateStore } from '../../proxy/state/store.ts'
import type { World } from './world.ts'

const MINUTE_MS = 60_000

const charge = (key: string, weight = 1, rate = rateOf(6, MINUTE_MS, 2)): BucketCharge => ({
  key,
  rate,
  weight,
})

export interface LiveBucketsScene {
  readonly now: () => { readonly world: World; readonly store: StateStore }
  readonly take: (charges: readonly BucketCharge[]) => Promise<unknown>
  readonly advance: (ms: number) => Promise<void>
  readonly open: () => Promise<StateStore>
  /** Undefined for a store that nobody shares. */
  readonly ofShared: typeof it | undefined
}

export function liveBucketsContract({ now, take, advance, open, ofShared }: LiveBucketsScene): void {
  const emptiest = async () =>
    [...(await now().store.limiter.emptiest(now().world.nowMs()))].toSorted(
      (one, other) => other.fullInMs - one.fullInMs,
    )

  it('shows the buckets that are not full, the one that is full again last first, and how many it left out', async () => {
    await take([charge('a|agent 1:x', 2), charge('b|agent 1:x')])
    await take([charge('b|agent 1:y', 2, rateOf(60, MINUTE_MS, 10))])
    expect(await now().store.limiter.live(now().world.nowMs(), 10)).toEqual({
      buckets: [
        { key: 'a|agent 1:x', fullInMs: 20_000, intervalMs: 10_000 },
        { key: 'b|agent 1:x', fullInMs: 10_000, intervalMs: 10_000 },
        { key: 'b|agent 1:y', fullInMs: 2_000, intervalMs: 1_000 },
      ],
      more: 0,
    })
    expect(await now().store.limiter.live(now().world.nowMs(), 1)).toEqual({
      buckets: [{ key: 'a|agent 1:x', fullInMs: 20_000, intervalMs: 10_000 }],
      more: 2,
    })
    expect(await emptiest()).toEqual([
      { key: 'a|agent 1:x', fullInMs: 20_000, intervalMs: 10_000 },
      { key: 'b|agent 1:x', fullInMs: 10_000, intervalMs: 10_000 },
      { key: 'b|agent 1:y', fullInMs: 2_000, intervalMs: 1_000 },
    ])
    await advance(12_000)
    expect(await now().store.limiter.live(now().world.nowMs(), 10)).toEqual({
      buckets: [{ key: 'a|agent 1:x', fullInMs: 8_000, intervalMs: 10_000 }],
      more: 0,
    })
    expect(await emptiest()).toEqual([{ key: 'a|agent 1:x', fullInMs: 8_000, intervalMs: 10_000 }])
  })

  ofShared?.('shows them to a process that charged nothing', async () => {
    await take([charge('a|agent 1:x', 2)])
    const other = await open()
    const shown = await other.limiter.live(now().world.nowMs(), 10)
    expect(shown.buckets).toEqual([{ key: 'a|agent 1:x', fullInMs: 20_000, intervalMs: 10_000 }])
    await other.close()
  })
}
