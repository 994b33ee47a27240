import { describe, expect, it } from 'vitest'
import { formatRate, parseDurationMs, parseRate } from '../../proxy/pacing/rates.ts'

describe('parseRate', () => {
  it.each([
    ['6/min', 6, 60_000],
    ['300/min', 300, 60_000],
    ['1/s', 1, 1_000],
    ['20/h', 20, 3_600_000],
  ])('reads %s', (text, things, perMs) => {
    expect(parseRate(text)).toEqual({ things, perMs })
    expect(formatRate({ things, perMs })).toBe(text)
  })

  it.each([
    '',
    '6',
    '0/min',
    '-1/min',
    '1.5/s',
    '6/ms',
    '6/day',
    '6 /min',
    '6/min ',
    '06/min',
    '1e3/s',
    '6/min\n',
    'Infinity/s',
  ])('refuses %j and says what is allowed', (text) =>
    expect(() => parseRate(text)).toThrow(/write a whole number from 1, then \/s, \/min or \/h/),
  )
})

describe('parseDurationMs', () => {
  it.each([
    ['20s', 20_000],
    ['45s', 45_000],
    ['500ms', 500],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['0s', 0],
  ])('reads %s', (text, ms) => expect(parseDurationMs(text)).toBe(ms))

  it.each(['', '20', '-1s', '1.5s', '5min', '5 s', '5s\n', '1d'])(
    'refuses %j and says what is allowed',
    (text) => expect(() => parseDurationMs(text)).toThrow(/write a whole number, then ms, s, m or h/),
  )
})
