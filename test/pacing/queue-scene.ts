/** A queue in virtual time: who asks, who goes when, and what must hold of all that went. */
import { expect } from 'vitest'
import { rateOf, type Rate } from '../../proxy/pacing/gcra.ts'
import { LocalLimiter, type BucketCharge, type Limiter, type Turn } from '../../proxy/pacing/limiter.ts'
import type { QueueOutcome } from '../../proxy/pacing/queue-outcome.ts'
import { PaceQueue, type QueueLimits } from '../../proxy/pacing/queue.ts'
import { VirtualTime } from '../../proxy/core/virtual-time.ts'

export const RATES = { slow: rateOf(6, 60_000, 2), wide: rateOf(60, 60_000, 100), brisk: rateOf(7, 1_000, 5) }
export type Key = keyof typeof RATES
export const ROOMY = { heldPerAgent: 100, held: 10_000 }

interface Ask {
  readonly holder?: string
  readonly weight?: number
  readonly maxWaitMs?: number
  readonly rate?: Rate
  readonly judge?: () => void
  readonly identity?: string
  /** From the start of the scene. */
  readonly notBeforeMs?: number
  /** Charged in a bucket of that name that every holder has in common, too. */
  readonly fleet?: Key
}

interface Outcome {
  readonly name: string
  readonly passage: QueueOutcome
  readonly atMs: number
}

export async function later(): Promise<void> {
  for (let turns = 0; turns < 10; turns += 1) await Promise.resolve()
}

/** Answers later, as a limiter elsewhere does. */
export class DistantLimiter implements Limiter {
  readonly #near = new LocalLimiter()

  async take(charges: readonly BucketCharge[], nowMs: number, reserveWithinMs?: number): Promise<Turn> {
    await later()
    return this.#near.take(charges, nowMs, reserveWithinMs)
  }

  async peek(keys: readonly string[]): Promise<readonly number[]> {
    await later()
    return this.#near.peek(keys)
  }
}

export function scene(limits: QueueLimits = ROOMY, limiter: Limiter = new LocalLimiter()) {
  const time = new VirtualTime()
  const startMs = time.nowMs()
  const queue = new PaceQueue({ limiter, clock: time, timer: time, limits })
  const outcomes: Outcome[] = []
  const ask = (
    name: string,
    keys: readonly Key[],
    { holder = 'agent', weight = 1, maxWaitMs = 45_000, rate, judge = () => {}, ...rest }: Ask = {},
  ) => {
    const client = new AbortController()
    const own = keys.map((key) => ({ key: `${key} ${holder}`, rate: rate ?? RATES[key], weight }))
    const shared =
      rest.fleet === undefined ? [] : [{ key: `${rest.fleet} fleet`, rate: RATES[rest.fleet], weight }]
    const note = (passage: QueueOutcome): unknown =>
      outcomes.push({ name, passage, atMs: time.nowMs() - startMs })
    const passage = queue.enter({
      holder,
      charges: [...own, ...shared],
      shared,
      maxWaitMs,
      notBeforeMs: rest.notBeforeMs === undefined ? 0 : startMs + rest.notBeforeMs,
      identity: () => rest.identity,
      judge,
      gone: client.signal,
    })
    if (passage instanceof Promise)
      void passage.then(note, (error: Error) =>
        outcomes.push({ name: `${name}: ${error.message}`, passage: { kind: 'gone' }, atMs: 0 }),
      )
    else note(passage)
    return client
  }
  const went = (): string[] =>
    outcomes.filter(({ passage }) => passage.kind === 'go').map(({ name, atMs }) => `${name}@${atMs}`)
  const ended = (): string[] => outcomes.map(({ name, passage }) => `${name}:${passage.kind}`)
  return { time, queue, ask, outcomes, went, ended }
}

interface Arrival {
  readonly keys: readonly Key[]
  readonly weight: number
  readonly maxWaitMs: number
}

export function expectPaced(key: Key, arrivals: readonly Arrival[], outcomes: readonly Outcome[]): void {
  const { burst, intervalMs } = RATES[key]
  const passed = outcomes.flatMap(({ name, passage, atMs }) => {
    const arrival = arrivals[Number(name)]
    if (passage.kind !== 'go' || arrival?.keys.includes(key) !== true) return []
    expect(passage.waitedMs).toBeLessThanOrEqual(arrival.maxWaitMs + 1)
    return [{ index: Number(name), atMs, weight: arrival.weight }]
  })
  expect(passed.map(({ index }) => index)).toEqual(passed.map(({ index }) => index).toSorted((a, b) => a - b))
  expectWithin({ burst, intervalMs }, passed)
}

/** Over any window no more than the burst and what the rate gives. */
export function expectWithin(
  { burst, intervalMs }: Rate,
  passed: readonly { readonly atMs: number; readonly weight: number }[],
): void {
  for (const [from, first] of passed.entries()) {
    let things = 0
    for (const each of passed.slice(from)) {
      things += each.weight
      expect(things).toBeLessThanOrEqual(burst + (each.atMs - first.atMs) / intervalMs)
    }
  }
}
