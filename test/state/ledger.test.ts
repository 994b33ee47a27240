import { describe, expect, it } from 'vitest'
import { MemoryLedger } from '../../proxy/state/memory.ts'
import { LEDGER_KEPT_MS, type LedgerStore, type RawEntry } from '../../proxy/state/store.ts'
import { VirtualTime } from '../../proxy/core/virtual-time.ts'
import { Seal } from '../../proxy/state/seal.ts'
import { openLedger } from './open-ledger.ts'
import { writtenBeside } from './written-beside.ts'

const KEY = Buffer.alloc(32, 7)

async function replica(store: LedgerStore, time: VirtualTime, key = KEY) {
  const problems: string[] = []
  const onUnsound = ({ message }: Error): void => void problems.push(message)
  const ledger = await openLedger(time, { store, timer: time, key, onUnsound })
  return { ledger, problems }
}

describe('Ledger', () => {
  it('shows a write here at once, and on another replica with its next poll', async () => {
    const [store, time] = [new MemoryLedger(), new VirtualTime()]
    const { ledger: one } = await replica(store, time)
    const { ledger: other } = await replica(store, time)
    await one.put('freeze', 'all', { reason: 'incident' })
    expect(one.get('freeze', 'all')?.value).toEqual({ reason: 'incident' })
    expect(other.get('freeze', 'all')).toBeUndefined()
    await time.advance(250)
    expect(other.get('freeze', 'all')?.value).toEqual({ reason: 'incident' })
    await other.remove('freeze', 'all')
    await time.advance(250)
    expect(one.get('freeze', 'all')).toBeUndefined()
    expect(one.all('freeze')).toEqual([])
  })

  it('knows what was written before it was opened', async () => {
    const [store, time] = [new MemoryLedger(), new VirtualTime()]
    const { ledger } = await replica(store, time)
    await ledger.put('revocation', 'task-1', { cause: 'ended' })
    const { ledger: later } = await replica(store, time)
    expect(later.all('revocation').map(({ id }) => id)).toEqual(['task-1'])
  })

  it('lets one of two replicas win that write what both saw last', async () => {
    const [store, time] = [new MemoryLedger(), new VirtualTime()]
    const { ledger: one } = await replica(store, time)
    const { ledger: other } = await replica(store, time)
    const entry = await one.put('approval', 'a1', { uses: 1 })
    await time.advance(250)
    const expected = entry.revision
    const won = await Promise.all([
      one.replace('approval', 'a1', { uses: 0 }, { expected }),
      other.replace('approval', 'a1', { uses: 0 }, { expected }),
    ])
    expect(won.filter((each) => each !== undefined)).toHaveLength(1)
    // Who does not say what it expects overwrites, and still is believed by everybody.
    await other.put('approval', 'a1', { uses: 5 })
    await one.put('approval', 'a1', { uses: 6 })
    await time.advance(250)
    expect([one, other].map((each) => each.get('approval', 'a1')?.value)).toEqual([{ uses: 6 }, { uses: 6 }])
    expect(one.sound && other.sound).toBe(true)
  })

  it('forgets an entry when its time is over', async () => {
    const [store, time] = [new MemoryLedger(), new VirtualTime()]
    const { ledger } = await replica(store, time)
    await ledger.put('breakglass', 'b', {}, { expiresAtMs: time.nowMs() + 1_000 })
    await time.advance(999)
    expect(ledger.get('breakglass', 'b')).toBeDefined()
    await time.advance(1)
    expect(ledger.get('breakglass', 'b')).toBeUndefined()
    // And a later one of the same name is taken by all.
    await ledger.put('breakglass', 'b', { again: true })
    expect(ledger.get('breakglass', 'b')?.value).toEqual({ again: true })
  })

  it('keeps no memory of what is long over, and is believed by all when it writes it anew', async () => {
    const time = new VirtualTime()
    const store = new MemoryLedger()
    const { ledger } = await replica(store, time)
    const { ledger: other } = await replica(store, time)
    await ledger.put('slowdown', 'agent', { times: 2 }, { expiresAtMs: time.nowMs() + 1_000 })
    await time.advance(250)
    time.jump(3 * LEDGER_KEPT_MS)
    await time.advance(250)
    const { ledger: later } = await replica(store, time)
    const entry = await later.put('slowdown', 'agent', { times: 3 })
    await time.advance(250)
    expect([ledger, other].map((each) => each.get('slowdown', 'agent')?.value)).toEqual([
      { times: 3 },
      { times: 3 },
    ])
    expect(
      await ledger.replace('slowdown', 'agent', { times: 4 }, { expected: entry.revision }),
    ).toBeDefined()
    expect([ledger, other, later].every((each) => each.sound)).toBe(true)
  })

  it('tells listeners of each change once, its own too', async () => {
    const [store, time] = [new MemoryLedger(), new VirtualTime()]
    const { ledger } = await replica(store, time)
    const seen: unknown[] = []
    const stop = ledger.onChange(({ id, value }) => seen.push([id, value]))
    await ledger.put('freeze', 'f', 1)
    await time.advance(1_000)
    await ledger.remove('freeze', 'f')
    stop()
    await ledger.put('freeze', 'f', 2)
    expect(seen).toEqual([
      ['f', 1],
      ['f', undefined],
    ])
  })

  it('is unsound while the store does not answer for longer than allowed, and sound again after', async () => {
    const [near, time] = [new MemoryLedger(), new VirtualTime()]
    let down = false
    const store: LedgerStore = {
      write: (change) => near.write(change),
      since: (seen) => (down ? Promise.reject(new Error('store is gone')) : near.since(seen)),
    }
    const { ledger, problems } = await replica(store, time)
    down = true
    await time.advance(5_000)
    expect(ledger.sound).toBe(true)
    await time.advance(250)
    expect(ledger.sound).toBe(false)
    down = false
    await time.advance(250)
    expect(ledger.sound).toBe(true)
    expect(problems.length).toBeLessThanOrEqual(1)
  })

  it('believes no entry that was made without the key, and says so until it is gone (S19)', async () => {
    const [store, time] = [new MemoryLedger(), new VirtualTime()]
    const { ledger, problems } = await replica(store, time)
    const seal = new Seal(Buffer.alloc(32, 8))
    const id = { kind: 'approval', id: 'a1' } as const
    await writtenBeside(store, seal.entry(id, { version: time.nowMs() + 1, value: { uses: 1_000 } }))
    await time.advance(250)
    expect(ledger.get('approval', 'a1')).toBeUndefined()
    expect(ledger.sound).toBe(false)
    expect(problems).toEqual([
      expect.stringMatching(/^the state store holds a forged entry: "approval a1"\. Delete it there/),
    ])
  })

  it('takes an older entry that is put back, or one put under another name, for forged (S19)', async () => {
    const [store, time] = [new MemoryLedger(), new VirtualTime()]
    const written: RawEntry[] = []
    const spied: LedgerStore = {
      write: (change) => (written.push(...change.put), store.write(change)),
      since: (seen) => store.since(seen),
    }
    const { ledger } = await replica(spied, time)
    await ledger.put('freeze', 'all', { reason: 'incident' })
    await ledger.remove('freeze', 'all')
    await ledger.put('freeze', 'all', { reason: 'another' })
    const [, removal] = written
    if (removal === undefined) throw new Error('nothing was written')
    await writtenBeside(store, removal)
    await time.advance(250)
    expect(ledger.get('freeze', 'all')?.value).toEqual({ reason: 'another' })
    expect(ledger.sound).toBe(false)
    await ledger.put('freeze', 'all', { reason: 'written anew' })
    expect(ledger.sound).toBe(true)
    await writtenBeside(store, { ...removal, id: 'other' })
    await time.advance(250)
    expect(ledger.sound).toBe(false)
  })
})
