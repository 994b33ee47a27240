import { describe, expect, it } from 'vitest'
import { formatAmzDate, parseAmzDate, parseHttpDate } from '../../proxy/sigv4/signing-date.ts'

describe('parseAmzDate', () => {
  it('reads and writes the same time', () => {
    expect(parseAmzDate('20260304T050607Z')).toBe(Date.UTC(2026, 2, 4, 5, 6, 7))
    expect(formatAmzDate(Date.UTC(2026, 2, 4, 5, 6, 7, 999))).toBe('20260304T050607Z')
  })

  it.each([
    '',
    '2026-03-04T05:06:07Z',
    '20260304T050607',
    '20260304T050607z',
    '20260304t050607Z',
    ' 20260304T050607Z',
    '20260304T050607Z\n',
    '20260304T050607.000Z',
    '20260230T050607Z',
    '20261304T050607Z',
    '20260304T240000Z',
    '20260304T050660Z',
    '00000304T050607Z',
  ])('refuses %j', (text) => {
    expect(parseAmzDate(text)).toBeUndefined()
  })
})

describe('parseHttpDate', () => {
  it('reads an IMF-fixdate', () => {
    expect(parseHttpDate('Wed, 04 Mar 2026 05:06:07 GMT')).toBe(Date.UTC(2026, 2, 4, 5, 6, 7))
  })

  it.each([
    '',
    'Thu, 04 Mar 2026 05:06:07 GMT',
    'Wed, 04 Mar 2026 05:06:07 +0100',
    'Wed, 4 Mar 2026 05:06:07 GMT',
    '2026-03-04',
  ])('refuses %j', (text) => {
    expect(parseHttpDate(text)).toBeUndefined()
  })
})
