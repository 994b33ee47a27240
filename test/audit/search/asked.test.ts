import { describe, expect, it } from 'vitest'
import { filterOf } from '../../../proxy/audit/search/asked.ts'
import { momentGiven } from '../../../proxy/audit/search/when.ts'

const NOW_MS = Date.UTC(2026, 0, 31, 12)

describe('momentGiven', () => {
  it.each([
    ['30s', NOW_MS - 30_000],
    ['90m', NOW_MS - 5_400_000],
    ['2h', NOW_MS - 7_200_000],
    ['7d', NOW_MS - 604_800_000],
    ['2026-01-30', Date.UTC(2026, 0, 30)],
    ['2026-01-30T09:30', Date.UTC(2026, 0, 30, 9, 30)],
    ['2026-01-30 09:30:15.250', Date.UTC(2026, 0, 30, 9, 30, 15, 250)],
    ['2026-01-30T09:30:15Z', Date.UTC(2026, 0, 30, 9, 30, 15)],
    ['2026-01-30T09:30+02:00', Date.UTC(2026, 0, 30, 7, 30)],
    ['', undefined],
    ['yesterday', undefined],
    ['1', undefined],
    ['-1h', undefined],
    ['1h30m', undefined],
    ['2026-13-01', undefined],
    ['2026-01', undefined],
    ['2026-01-30T25:00', undefined],
    ['30/01/2026', undefined],
  ])('reads %j', (text, ms) => {
    expect(momentGiven(text, NOW_MS)).toBe(ms)
  })

  it('does not depend on the zone of the machine', () => {
    expect(momentGiven('2026-01-30T09:30', NOW_MS)).toBe(momentGiven('2026-01-30T09:30Z', NOW_MS))
  })
})

describe('filterOf', () => {
  it('takes every text as it is, and times as moments', () => {
    expect(filterOf({ task: 't', resource: '*x*', since: '1h', until: '2026-01-31' }, NOW_MS)).toEqual({
      task: 't',
      resource: '*x*',
      sinceMs: NOW_MS - 3_600_000,
      untilMs: Date.UTC(2026, 0, 31),
    })
  })

  it.each([
    [{ class: 'destructve' }, 'there is no class "destructve"'],
    [{ decision: 'denied' }, 'there is no decision "denied"'],
    [{ since: 'soon' }, 'since must be a time before now'],
    [{ until: 'soon' }, 'until must be a time before now'],
  ])('refuses %j', (asked, wrong) => {
    expect(filterOf(asked, NOW_MS)).toMatchObject({ wrong: expect.stringContaining(wrong) })
  })

  it('takes patterns of classes and decisions', () => {
    expect(filterOf({ class: 'd*', decision: '*' }, NOW_MS)).toMatchObject({ class: 'd*', decision: '*' })
  })
})
