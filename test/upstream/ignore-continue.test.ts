import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ContinueFilter } from '../../proxy/upstream/ignore-continue.ts'

const FINAL = 'HTTP/1.1 200 OK\r\ncontent-length: 24\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n'

/** Returns what is read where the bytes come in these pieces. */
function read(filter: ContinueFilter, text: string, cuts: readonly number[] = []): string {
  const ends = [...cuts.map((cut) => cut % (text.length + 1)).toSorted((a, b) => a - b), text.length]
  let [from, passed] = [0, '']
  for (const end of ends) {
    if (end > from)
      passed += filter.passing(Buffer.from(text.slice(from, end), 'latin1'))?.toString('latin1') ?? ''
    from = Math.max(from, end)
  }
  return passed
}

describe('ContinueFilter', () => {
  it('leaves out what nobody asked for, however it is cut, and nothing else', () => {
    const interim = fc.array(
      fc.constantFrom(
        '100 Continue\r\n\r\n',
        '100 Continue\r\nx: y\r\n\r\n',
        '103 Early Hints\r\nlink: <a>\r\n\r\n',
      ),
      { maxLength: 4 },
    )
    fc.assert(
      fc.property(interim, fc.array(fc.nat(), { maxLength: 12 }), (interims, cuts) => {
        const filter = new ContinueFilter()
        for (let call = 0; call < 2; call += 1) {
          filter.expectAnswer()
          const heads = interims.map((each) => `HTTP/1.1 ${each}`)
          const kept = heads.filter((head) => !head.startsWith('HTTP/1.1 100'))
          expect(read(filter, `${heads.join('')}${FINAL}`, cuts)).toBe(`${kept.join('')}${FINAL}`)
        }
      }),
    )
  })

  it.each([
    'HTTP/1.1 101 Switching Protocols\r\n\r\n',
    'HTTP/1.1 1000\r\n\r\n',
    'SSH-2.0\r\n',
    'HTTP/2 100\r\n\r\n',
    '\r\n',
  ])('leaves alone what is not one: %j', (text) => {
    const filter = new ContinueFilter()
    filter.expectAnswer()
    expect(read(filter, text)).toBe(text)
    expect(read(filter, 'HTTP/1.1 100 Continue\r\n\r\n')).toBe('HTTP/1.1 100 Continue\r\n\r\n')
  })

  it('leaves alone what comes when no answer is expected', () => {
    expect(read(new ContinueFilter(), 'HTTP/1.1 100 Continue\r\n\r\n')).toBe('HTTP/1.1 100 Continue\r\n\r\n')
  })

  it('holds no head without an end', () => {
    const filter = new ContinueFilter()
    filter.expectAnswer()
    const endless = `HTTP/1.1 100 Continue\r\nx: ${'y'.repeat(20_000)}`
    expect(read(filter, endless)).toBe(endless)
  })
})
