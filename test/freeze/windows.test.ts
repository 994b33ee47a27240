import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WindowClock, windowState, type FreezeWindow } from '../../proxy/freeze/windows.ts'
import { DAYS } from '../../proxy/config/schema/freeze.ts'

const BERLIN = 'Europe/Berlin'

function window(change: Partial<FreezeWindow>): FreezeWindow {
  return { name: 'w', days: [...DAYS], from: '00:00', to: '24:00', timeZone: BERLIN, ...change }
}

/** The state at a moment, its end as text. */
function at(change: Partial<FreezeWindow>, moment: string): [boolean, string] {
  const { open, untilMs } = windowState(window(change), Date.parse(moment))
  return [open, new Date(untilMs).toISOString()]
}

describe('windowState', () => {
  it('opens at its first moment and is closed at its last', () => {
    const night = { days: ['wed'], from: '09:00', to: '17:00', timeZone: 'UTC' } as const
    expect(at(night, '2026-03-04T08:59:59.999Z')).toEqual([false, '2026-03-04T09:00:00.000Z'])
    expect(at(night, '2026-03-04T09:00:00.000Z')).toEqual([true, '2026-03-04T17:00:00.000Z'])
    expect(at(night, '2026-03-04T16:59:59.999Z')).toEqual([true, '2026-03-04T17:00:00.000Z'])
    expect(at(night, '2026-03-04T17:00:00.000Z')).toEqual([false, '2026-03-11T09:00:00.000Z'])
  })

  it('goes over midnight, on the day that it opens', () => {
    const night = { days: ['fri'], from: '22:00', to: '06:00', timeZone: 'UTC' } as const
    expect(at(night, '2026-03-06T21:59:59Z')[0]).toBe(false)
    expect(at(night, '2026-03-06T23:59:59Z')).toEqual([true, '2026-03-07T06:00:00.000Z'])
    expect(at(night, '2026-03-07T05:59:59Z')[0]).toBe(true)
    expect(at(night, '2026-03-07T06:00:00Z')[0]).toBe(false)
    // Friday's early hours belong to Thursday, which is not named.
    expect(at(night, '2026-03-06T05:00:00Z')[0]).toBe(false)
  })

  it('joins days that follow each other into one', () => {
    const weekend = { days: ['sat', 'sun'] } as const
    expect(at(weekend, '2026-03-06T22:59:59Z')).toEqual([false, '2026-03-06T23:00:00.000Z'])
    expect(at(weekend, '2026-03-07T12:00:00Z')).toEqual([true, '2026-03-08T23:00:00.000Z'])
  })

  it('is never closed where it is open every day', () => {
    expect(at({}, '2026-03-29T01:00:00Z')[0]).toBe(true)
    expect(at({}, '2026-10-25T01:00:00Z')[0]).toBe(true)
    expect(at({ from: '12:00', to: '11:59' }, '2026-03-04T10:59:30Z')[0]).toBe(false)
  })

  it('goes by the wall clock of its place, summer and winter', () => {
    const office = { from: '09:00', to: '17:00' }
    expect(at(office, '2026-01-14T08:00:00Z')).toEqual([true, '2026-01-14T16:00:00.000Z'])
    expect(at(office, '2026-07-15T07:00:00Z')).toEqual([true, '2026-07-15T15:00:00.000Z'])
    expect(at({ ...office, timeZone: 'Asia/Kathmandu' }, '2026-07-15T03:15:00Z')[0]).toBe(true)
    expect(at({ ...office, timeZone: 'Asia/Kathmandu' }, '2026-07-15T03:14:59Z')[0]).toBe(false)
  })

  it('keeps a time that clocks skip: it is the same time after the change (02:00 becomes 03:00 on 29 March)', () => {
    const skipped = { from: '02:00', to: '02:30' }
    expect(at(skipped, '2026-03-29T00:59:59Z')).toEqual([false, '2026-03-29T01:00:00.000Z'])
    expect(at(skipped, '2026-03-29T01:00:00Z')).toEqual([true, '2026-03-29T01:30:00.000Z'])
    expect(at({ from: '01:00', to: '02:30' }, '2026-03-29T01:15:00Z')).toEqual([
      true,
      '2026-03-29T01:30:00.000Z',
    ])
    expect(at({ from: '23:00', to: '04:00' }, '2026-03-29T01:30:00Z')).toEqual([
      true,
      '2026-03-29T02:00:00.000Z',
    ])
  })

  it('is open from the first to the last coming of a time that comes twice (03:00 becomes 02:00 on 25 October)', () => {
    const twice = { from: '02:15', to: '02:45' }
    expect(at(twice, '2026-10-25T00:14:59Z')[0]).toBe(false)
    expect(at(twice, '2026-10-25T00:15:00Z')).toEqual([true, '2026-10-25T01:45:00.000Z'])
    expect(at(twice, '2026-10-25T01:00:00Z')[0]).toBe(true)
    expect(at(twice, '2026-10-25T01:45:00Z')[0]).toBe(false)
    expect(at({ from: '01:00', to: '24:00' }, '2026-10-25T22:59:59Z')).toEqual([
      true,
      '2026-10-25T23:00:00.000Z',
    ])
  })

  it('holds where a day has no midnight (Cairo skips 00:00 to 01:00 on 24 April 2026)', () => {
    const day = { days: ['fri'], timeZone: 'Africa/Cairo' } as const
    expect(at(day, '2026-04-23T21:59:59Z')).toEqual([false, '2026-04-23T22:00:00.000Z'])
    expect(at(day, '2026-04-23T22:00:00Z')).toEqual([true, '2026-04-24T21:00:00.000Z'])
  })

  it('says until when truly: nothing changes before, and everything at that moment', () => {
    const minutes = fc.integer({ min: 0, max: 1439 })
    const text = (each: number): string =>
      `${String(Math.floor(each / 60)).padStart(2, '0')}:${String(each % 60).padStart(2, '0')}`
    const windows = fc
      .record({
        days: fc.subarray([...DAYS], { minLength: 1 }),
        from: minutes.map(text),
        to: minutes.map(text),
        timeZone: fc.constantFrom(BERLIN, 'UTC', 'America/New_York', 'Australia/Lord_Howe', 'Pacific/Apia'),
      })
      .filter(({ from, to }) => from !== to)
    const moments = fc.integer({ min: Date.parse('2026-01-01'), max: Date.parse('2027-01-01') })
    fc.assert(
      fc.property(windows, moments, fc.double({ min: 0, max: 1, noNaN: true }), (change, nowMs, part) => {
        const made = window(change)
        const { open, untilMs } = windowState(made, nowMs)
        expect(untilMs).toBeGreaterThan(nowMs)
        expect(windowState(made, untilMs).open).toBe(!open)
        const between = nowMs + Math.floor((untilMs - nowMs) * part * 0.999)
        expect(windowState(made, between)).toEqual({ open, untilMs })
      }),
      { numRuns: 500 },
    )
  })
})

describe('WindowClock', () => {
  it('says what windowState says, whichever way the clock goes', () => {
    const made = window({ days: ['fri'], from: '22:00', to: '06:00', timeZone: 'UTC' })
    const clock = new WindowClock([made])
    const isOpen = (moment: string): boolean => [...clock.open(Date.parse(moment))].length === 1
    expect(isOpen('2026-03-06T21:59:59Z')).toBe(false)
    expect(isOpen('2026-03-06T22:00:00Z')).toBe(true)
    expect(isOpen('2026-03-07T06:00:00Z')).toBe(false)
    expect(isOpen('2026-03-07T05:00:00Z')).toBe(true)
    expect(isOpen('2026-03-01T00:00:00Z')).toBe(false)
  })
})
