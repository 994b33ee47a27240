import { describe, expect, it } from 'vitest'
import { Breakglasses } from '../../proxy/breakglass/breakglasses.ts'
import type { Breakglass, BreakglassRequest } from '../../proxy/breakglass/breakglass.ts'
import { MemoryLedger } from '../../proxy/state/memory.ts'
import { VirtualTime } from '../../proxy/core/virtual-time.ts'
import { openLedger } from '../state/open-ledger.ts'
import { writtenBeside } from '../state/written-beside.ts'
import { OPENING, settingsOf } from './opening.ts'

async function replica(time: VirtualTime, store = new MemoryLedger(), given: Record<string, unknown> = {}) {
  const ledger = await openLedger(time, { store, timer: time })
  const breakglasses = new Breakglasses({
    ledger,
    clock: time,
    settings: () => settingsOf(given),
    written: () => {},
  })
  const open = async (opening: Partial<BreakglassRequest> = {}, by = 'alice'): Promise<Breakglass> => {
    const opened = await breakglasses.open({ ...OPENING, ...opening }, by)
    if (opened === 'already') throw new Error(opened)
    return opened
  }
  return { ledger, breakglasses, open }
}

const atTen = () => new VirtualTime(Date.parse('2026-03-04T10:00:00Z'))

describe('Breakglasses', () => {
  it('opens for one agent, and is over to the millisecond', async () => {
    const time = atTen()
    const { breakglasses, open } = await replica(time)
    const { id } = await open()
    expect(id).toMatch(/^bg-[0-9a-f]{32}$/)
    expect(breakglasses.openFor('a')).toMatchObject({ id, openedBy: 'alice', ticket: 'INC-1' })
    expect(breakglasses.openFor('b')).toBeUndefined()
    await time.advance(59_999)
    expect(breakglasses.openFor('a')?.id).toBe(id)
    await time.advance(1)
    expect(breakglasses.openFor('a')).toBeUndefined()
    expect(breakglasses.active).toBe(0)
    expect(await breakglasses.close(id, 'alice')).toBe('none')
  })

  it('is closed at once, once', async () => {
    const { breakglasses, open } = await replica(atTen())
    const { id } = await open()
    expect(await breakglasses.close(id, 'bob')).toMatchObject({ closedBy: 'bob' })
    expect(breakglasses.openFor('a')).toBeUndefined()
    expect(await breakglasses.close(id, 'bob')).toBe('none')
    expect(breakglasses.all()).toMatchObject([{ id, closedBy: 'bob' }])
  })

  it('opens one at a time for an agent, and another after it', async () => {
    const { breakglasses, open } = await replica(atTen())
    const { id } = await open()
    expect(await breakglasses.open(OPENING, 'bob')).toBe('already')
    await open({ agent: 'b' })
    await breakglasses.close(id, 'bob')
    expect((await open()).id).not.toBe(id)
  })

  it('waits for a second person, whose box begins with the confirmation', async () => {
    const time = atTen()
    const { breakglasses, open } = await replica(time, undefined, { people: 2, confirmWithin: '10m' })
    const { id } = await open()
    expect(breakglasses.openFor('a')).toBeUndefined()
    expect(breakglasses.active).toBe(0)
    expect(await breakglasses.open(OPENING, 'bob')).toBe('already')
    await time.advance(300_000)
    expect(await breakglasses.confirm(id, 'alice')).toBe('own')
    expect(breakglasses.openFor('a')).toBeUndefined()
    const untilMs = time.nowMs() + OPENING.forMs
    expect(await breakglasses.confirm(id, 'bob')).toMatchObject({ confirmedBy: 'bob', untilMs })
    expect(breakglasses.openFor('a')?.id).toBe(id)
    expect(await breakglasses.confirm(id, 'carol')).toBe('none')
  })

  it('stops to wait, and cannot be confirmed then', async () => {
    const time = atTen()
    const { breakglasses, open } = await replica(time, undefined, { people: 2, confirmWithin: '10m' })
    const { id } = await open()
    await time.advance(600_000)
    expect(await breakglasses.confirm(id, 'bob')).toBe('none')
    await open()
  })

  it('that was closed while it waited stays closed, whichever replica the second person asks', async () => {
    const time = atTen()
    const store = new MemoryLedger()
    const one = await replica(time, store, { people: 2 })
    const { id } = await one.open()
    const other = await replica(time, store, { people: 2 })
    await one.breakglasses.close(id, 'alice')
    // The other has not heard of it yet.
    expect(await other.breakglasses.confirm(id, 'bob')).toBe('none')
    expect(other.breakglasses.openFor('a')).toBeUndefined()
    // And a close wins over a confirmation that it did not know of.
    const { id: next } = await one.open()
    await other.ledger.refresh()
    await other.breakglasses.confirm(next, 'bob')
    await one.breakglasses.close(next, 'alice')
    await other.ledger.refresh()
    expect(other.breakglasses.openFor('a')).toBeUndefined()
  })

  it('holds on every replica within 250 ms, and is closed there as soon', async () => {
    const time = atTen()
    const store = new MemoryLedger()
    const one = await replica(time, store)
    const other = await replica(time, store)
    const { id } = await one.open()
    await time.advance(250)
    expect(other.breakglasses.openFor('a')?.id).toBe(id)
    await one.breakglasses.close(id, 'alice')
    await time.advance(250)
    expect(other.breakglasses.openFor('a')).toBeUndefined()
  })

  it('is not opened by a forged entry, and none is open while there is one (S19)', async () => {
    const time = atTen()
    const store = new MemoryLedger()
    const { ledger, breakglasses, open } = await replica(time, store)
    await open({ agent: 'b' })
    const value = { ...OPENING, openedBy: 'mallory', openedAtMs: time.nowMs(), fromMs: time.nowMs() }
    const expiresAtMs = time.nowMs() + 60_000
    const text = JSON.stringify({ version: time.nowMs(), value, expiresAtMs })
    await writtenBeside(store, {
      kind: 'breakglass',
      id: 'bg-forged',
      text,
      mac: 'x'.repeat(43),
      expiresAtMs,
    })
    expect(breakglasses.openFor('b')).toBeDefined()
    await ledger.refresh()
    expect(ledger.sound).toBe(false)
    expect(breakglasses.openFor('a')).toBeUndefined()
    expect(breakglasses.openFor('b')).toBeUndefined()
  })

  it('none is open while the store is not heard of', async () => {
    const time = atTen()
    const store = new MemoryLedger()
    const { breakglasses, open } = await replica(time, store)
    await open()
    store.since = () => Promise.reject(new Error('down'))
    await time.advance(5_250)
    expect(breakglasses.openFor('a')).toBeUndefined()
  })

  it('says when one ends by itself, so that what is under way is judged again', async () => {
    const time = atTen()
    const { breakglasses, open } = await replica(time)
    const ends: number[] = []
    const startMs = time.nowMs()
    const stop = breakglasses.watchEnds(time, () => ends.push(time.nowMs() - startMs))
    await open()
    await open({ agent: 'b', forMs: 30_000 })
    const { id } = await open({ agent: 'c', forMs: 40_000 })
    await breakglasses.close(id, 'alice')
    await time.advance(120_000)
    expect(ends).toEqual([30_000, 60_000])
    stop()
    await open({ agent: 'd' })
    await time.advance(120_000)
    expect(ends).toHaveLength(2)
  })

  it('lets nothing go by an entry in another shape, or without an end, and says of the first that it cannot be read', async () => {
    const time = atTen()
    const { ledger, breakglasses } = await replica(time)
    const expiresAtMs = time.nowMs() + 60_000
    const value = { ...OPENING, openedBy: 'alice', openedAtMs: 0, fromMs: 0 }
    await ledger.put('breakglass', 'bg-1', { ...value, exceptFor: ['b'] }, { expiresAtMs })
    await ledger.put('breakglass', 'bg-2', value)
    expect([breakglasses.openFor('a'), breakglasses.all(), breakglasses.active]).toEqual([undefined, [], 0])
    expect(breakglasses.unreadable()).toMatchObject([{ id: 'bg-1', expiresAtMs }])
    expect(await breakglasses.confirm('bg-1', 'bob')).toBe('unreadable')
    expect(await breakglasses.close('bg-1', 'bob')).toBe('unreadable')
    expect(await breakglasses.close('bg-2', 'bob')).toBe('none')
    await ledger.put('breakglass', 'bg-1', value, { expiresAtMs })
    expect(breakglasses.openFor('a')).toMatchObject({ id: 'bg-1', untilMs: expiresAtMs })
  })
})
