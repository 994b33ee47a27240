import { describe, expect, it } from 'vitest'
import { Denial } from '../../proxy/core/denial/denial.ts'
import type { Classified } from '../../proxy/exchange/exchange.ts'
import { Freezes } from '../../proxy/freeze/freezes.ts'
import { WindowClock, type FreezeWindow } from '../../proxy/freeze/windows.ts'
import { LocalLimiter } from '../../proxy/pacing/limiter.ts'
import { PaceQueue } from '../../proxy/pacing/queue.ts'
import { MemoryLedger } from '../../proxy/state/memory.ts'
import { VirtualTime } from '../../proxy/core/virtual-time.ts'
import { openLedger } from '../state/open-ledger.ts'

const DROP = {
  agent: { id: 'spiffe://example.org/agent/a' },
  call: {
    service: 'dynamodb',
    class: 'destructive',
    classes: ['destructive'],
    resources: ['arn:aws:dynamodb:us-east-1:111122223333:table/t'],
  },
} as unknown as Classified
const READ = { ...DROP, call: { ...DROP.call, class: 'read', classes: ['read'] } } as Classified

async function replica(time: VirtualTime, store = new MemoryLedger(), windows: FreezeWindow[] = []) {
  const ledger = await openLedger(time, { store, timer: time })
  const clock = new WindowClock(windows)
  const freezes = new Freezes({
    ledger,
    clock: time,
    rules: () => ({ freezeWindows: clock }),
    accountOf: () => undefined,
  })
  return { ledger, freezes }
}

function deniedBy(freezes: Freezes, exchange = DROP): string | undefined {
  try {
    freezes.hold(exchange)
    return undefined
  } catch (error) {
    if (!(error instanceof Denial)) throw error
    expect(error.reason).toBe('frozen')
    return error.message
  }
}

describe('Freezes', () => {
  it('holds a call that its scope covers, in words of who, why and until when', async () => {
    const time = new VirtualTime(Date.parse('2026-03-04T10:00:00Z'))
    const { freezes } = await replica(time)
    const untilMs = time.nowMs() + 60_000
    await freezes.freeze({ classes: ['destructive'] }, { reason: 'say "no"', by: 'alice', untilMs })
    expect(deniedBy(freezes)).toBe('alice froze it: "say \\"no\\"", until 2026-03-04T10:01:00.000Z.')
    expect(deniedBy(freezes, READ)).toBeUndefined()
    expect(freezes.counts()).toEqual({ operator: 1, schedule: 0 })
    await time.advance(60_000)
    expect(deniedBy(freezes)).toBeUndefined()
    expect(freezes.counts()).toEqual({ operator: 0, schedule: 0 })
  })

  it('needs all freezes lifted that cover a call', async () => {
    const { freezes } = await replica(new VirtualTime())
    const one = await freezes.freeze({}, { reason: 'one', by: 'alice' })
    const two = await freezes.freeze({ services: ['dynamodb'] }, { reason: 'two', by: 'bob' })
    await freezes.lift(one.id)
    expect(deniedBy(freezes)).toContain('bob froze it')
    await freezes.lift(two.id)
    expect(deniedBy(freezes)).toBeUndefined()
    expect(await freezes.lift(two.id)).toBeUndefined()
  })

  it('holds on another replica within a second, and ends the wait of what that one holds', async () => {
    const [time, store] = [new VirtualTime(), new MemoryLedger()]
    const { freezes: here } = await replica(time, store)
    const { freezes: there, ledger } = await replica(time, store)
    const limiter = new LocalLimiter()
    const limits = { held: 10, heldPerAgent: 10 }
    const queue = new PaceQueue({ limiter, clock: time, timer: time, limits })
    ledger.onChange(() => queue.reconsider())
    const gone = new AbortController().signal
    const charges = [{ key: 'destructive a', rate: { intervalMs: 10_000, burst: 1 }, weight: 1 }]
    const enter = () =>
      queue.enter({
        holder: 'a',
        charges,
        shared: [],
        notBeforeMs: 0,
        identity: () => undefined,
        maxWaitMs: 20_000,
        judge: () => there.hold(DROP),
        gone,
      })
    await enter()
    const held = Promise.resolve(enter()).then(
      () => 'it passed',
      (error: unknown) => (error instanceof Denial ? error.reason : 'a bug'),
    )
    await time.advance(0)
    expect(queue.held).toBe(1)
    await here.freeze({ classes: ['destructive'] }, { reason: 'stop', by: 'alice' })
    await time.advance(250)
    expect(queue.held).toBe(0)
    expect(await held).toBe('frozen')
    expect(deniedBy(there)).toContain('alice')
    // Charged at 0 s alone: the next turn is at 10 s, as if the frozen call had never been there.
    expect(limiter.peek(['destructive a'])[0]).toBeLessThanOrEqual(time.nowMs() - 250 + 10_000)
  })

  it('is there for a replica that starts later', async () => {
    const [time, store] = [new VirtualTime(), new MemoryLedger()]
    const { freezes } = await replica(time, store)
    await freezes.freeze({}, { reason: 'stop', by: 'alice' })
    expect(deniedBy((await replica(time, store)).freezes)).toContain('alice')
  })

  it('calls back when a window opens and when it closes', async () => {
    const time = new VirtualTime(Date.parse('2026-03-04T08:59:58Z'))
    const window: FreezeWindow = {
      name: 'office',
      days: ['wed'],
      from: '09:00',
      to: '17:00',
      timeZone: 'UTC',
      classes: ['destructive'],
    }
    const { freezes } = await replica(time, undefined, [window])
    const changes: string[] = []
    const stop = freezes.watchWindows(time, () => changes.push(new Date(time.nowMs()).toISOString()))
    expect(deniedBy(freezes)).toBeUndefined()
    await time.advance(2_000)
    expect(changes).toEqual(['2026-03-04T09:00:00.000Z'])
    expect(deniedBy(freezes)).toContain('window office is open, until 2026-03-04T17:00:00.000Z')
    expect(deniedBy(freezes, READ)).toBeUndefined()
    stop()
  })
})
