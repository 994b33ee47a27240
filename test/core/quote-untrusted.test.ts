import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { quoteUntrusted } from '../../proxy/core/quote-untrusted.ts'

describe('shown', () => {
  it.each([
    ['arn:aws:s3:::data/a b', '"arn:aws:s3:::data/a b"'],
    ['say "yes"\\', '"say \\"yes\\"\\\\"'],
    ['two\nlines\r\tand', '"two\\u{a}lines\\u{d}\\u{9}and"'],
    ['\u001b[31mred\u0007\u0000', '"\\u{1b}[31mred\\u{7}\\u{0}"'],
    ['safe\u202Egnp.exe', '"safe\\u{202e}gnp.exe"'],
    ['a\u2066b\u2069\u200b\u200d\ufeff', '"a\\u{2066}b\\u{2069}\\u{200b}\\u{200d}\\u{feff}"'],
    ['pr\u043ed', '"pr\\u{43e}d"'],
    ['\u{e0041}\u{e007f}', '"\\u{e0041}\\u{e007f}"'],
    ['\ud800', '"\\u{d800}"'],
    ['<script>alert(1)</script>', '"<script>alert(1)</script>"'],
  ])('shows %j as %s', (text, expected) => {
    expect(quoteUntrusted(text)).toBe(expected)
  })

  it('keeps the letters of other scripts in prose, and makes visible what has no width or turns it around', () => {
    expect(quoteUntrusted('Löschen: 削除 🙂', { prose: true })).toBe('"Löschen: 削除 🙂"')
    expect(quoteUntrusted('a\u202eb\u3164c\u2800d\u00a0e\u0301', { prose: true })).toBe(
      '"a\\u{202e}b\\u{3164}c\\u{2800}d\\u{a0}e\\u{301}"',
    )
  })

  it('is bounded, and says outside of the quotes that it was', () => {
    expect(quoteUntrusted('x'.repeat(1000), { max: 3 })).toBe('"xxx" (cut: 1000 characters in all)')
    expect(quoteUntrusted('\u0000'.repeat(100_000)).length).toBeLessThan(4_000)
    expect(quoteUntrusted('abc', { max: 3 })).toBe('"abc"')
  })

  it('is printable ASCII between quotes that the text cannot end, and the same for no two texts', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (one, other) => {
        expect(quoteUntrusted(one)).toMatch(/^"(?:[ !#-[\]-~]|\\["\\]|\\u\{[0-9a-f]+\})*"$/)
        expect(quoteUntrusted(one) === quoteUntrusted(other)).toBe(one === other)
      }),
      { numRuns: 5000 },
    )
  })
})
