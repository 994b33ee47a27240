import { encode } from 'cborg'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseDocument, parseJson } from '../../../proxy/aws/protocols/document.ts'
import { Denial } from '../../../proxy/core/denial/denial.ts'

function reasonOf(read: () => unknown): string | undefined {
  try {
    read()
    return undefined
  } catch (error) {
    if (error instanceof Denial) return error.reason
    throw error
  }
}

const reasonOfJson = (text: string): string | undefined => reasonOf(() => parseJson(text))
const cbor = (...bytes: (number | Uint8Array)[]): Buffer =>
  Buffer.concat(bytes.map((each) => (typeof each === 'number' ? Uint8Array.of(each) : each)))
const parseCbor = (bytes: Buffer): unknown => parseDocument('cbor', bytes)
const reasonOfCbor = (bytes: Buffer): string | undefined => reasonOf(() => parseCbor(bytes))

const STRING = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom(':', '":', '\\', '\\":', '"a":1,', '{', '__proto__', ''),
)
const NAME = STRING.filter((each) => !each.includes('\\'))

type Json = unknown
const { json } = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(STRING, fc.integer(), fc.boolean(), fc.constant(null)),
    fc.array(tie('json'), { maxLength: 4 }),
    fc.array(fc.tuple(NAME, tie('json')), { maxLength: 4 }).map((each) => Object.fromEntries(each) as Json),
  ),
}))

/** JSON with the blanks and escapes that writers may put in. */
function spelled(value: Json, style: number): string {
  if (typeof value === 'string') {
    const escape = (each: string): string => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`
    return style % 3 === 0 ? `"${value.split('').map(escape).join('')}"` : JSON.stringify(value)
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const blank = ['', ' ', '\n\t', '\r\n'][style % 4] ?? ''
  const inside = Array.isArray(value)
    ? value.map((each) => spelled(each, style + 1))
    : Object.entries(value).map(
        ([name, each]) => `${spelled(name, style)}${blank}:${spelled(each, style + 1)}`,
      )
  const text = inside.join(`${blank},`)
  return Array.isArray(value) ? `[${text}${blank}]` : `{${blank}${text}}`
}

describe('parseJson', () => {
  it('reads what was written, in whatever spelling', () => {
    fc.assert(
      fc.property(json, fc.nat(11), (given, style) => {
        expect(parseJson(spelled(given, style))).toEqual(given)
      }),
      { numRuns: 1000 },
    )
  })

  it('refuses a member that stands twice at any depth, in whatever spelling', () => {
    fc.assert(
      fc.property(json, STRING, fc.nat(11), fc.nat(30), (beside, name, style, depth) => {
        const member = `${spelled(name, style)} : ${spelled(beside, style)}`
        const again = `${spelled(name, style + 1)}:${spelled([beside], style)}`
        const text = `${'{"a":['.repeat(depth)}{${member},${again}}${']}'.repeat(depth)}`
        expect(reasonOfJson(text)).toBe('malformed_request')
      }),
      { numRuns: 1000 },
    )
  })

  it('never takes a name for one of an earlier body', () => {
    const begins = fc.constantFrom('', 'a', 'Table')
    const escape = fc.constantFrom('\\u0062', '\\n', '\\"', '\\u00e9', '\\/')
    fc.assert(
      fc.property(begins, escape, fc.constantFrom('', 'b', 'Name', '\\u0063'), (start, first, end) => {
        const name = `${start}${first}${end}`
        const meant = JSON.parse(`["${name}"]`) as [string]
        // As long as the name that is meant, and beginning as that one is written.
        const decoy = name.slice(0, meant[0].length)
        reasonOfJson(JSON.stringify({ first: 1, [decoy]: 1 }))
        const text = `{"first":1,"${name}":2}`
        if (reasonOfJson(text) === undefined) expect(parseJson(text)).toEqual({ first: 1, [meant[0]]: 2 })
      }),
    )
  })

  it('refuses a backslash in a name, and takes one in a value', () => {
    expect(reasonOfJson('{"a":[{"\\\\":1}]}')).toBe('malformed_request')
    expect(parseJson('{"\\u0061":"\\\\"}')).toEqual({ a: '\\' })
  })

  it('takes any text without failing', () => {
    const tokens = [
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      '"',
      '\\',
      '"a"',
      '1',
      'null',
      ' ',
      '\\u0061',
      '-',
      'e',
      '\u2028',
    ]
    const token = fc.oneof(
      fc.constantFrom(...tokens),
      fc.nat(0xffff).map((each) => String.fromCharCode(each)),
    )
    fc.assert(
      fc.property(fc.array(token, { maxLength: 12 }), (given) => {
        expect([undefined, 'malformed_request']).toContain(reasonOfJson(given.join('')))
      }),
      { numRuns: 3000 },
    )
  })

  it.each([
    ['an escape for a letter', '{"a":1,"\\u0061":2}'],
    ['a blank before a colon', '{"a":1,"a" :2}'],
    ['a line before a colon', '{"a"\n\t:1,"a":2}'],
    ['colons in a string beside', '{"a":":","a":"::"}'],
    ['as many colons in a string as members that are lost', '{"a":1,"a":2,"b":"\\":"}'],
    ['a prototype', '{"__proto__":1,"__proto__":2}'],
    ['an empty name', '{"":1,"":2}'],
    ['an index', '{"1":1,"1":2}'],
    ['objects that are lost with it', '{"a":{"b":1},"a":{}}'],
  ])('refuses a member twice: %s', (_what, text) => {
    expect(reasonOfJson(text)).toBe('malformed_request')
  })

  it('reads 97 levels and refuses one more', () => {
    const nested = (depth: number): string => `${'[{"a":'.repeat(depth / 2)}1${'}]'.repeat(depth / 2)}`
    expect(reasonOfJson(nested(96))).toBeUndefined()
    expect(reasonOfJson(nested(98))).toBe('malformed_request')
  })
})

describe('parseDocument: CBOR', () => {
  it('reads what was written', () => {
    fc.assert(
      fc.property(json, (given) => {
        expect(parseCbor(Buffer.from(encode(given)))).toEqual(given)
      }),
    )
  })

  it('refuses what ends anywhere before its end', () => {
    fc.assert(
      fc.property(json, fc.nat(), (given, at) => {
        const bytes = Buffer.from(encode({ given }))
        const cut = bytes.subarray(0, at % bytes.length)
        // No body at all is a call without parameters.
        expect(reasonOfCbor(cut)).toBe(cut.length === 0 ? undefined : 'malformed_request')
      }),
    )
  })

  it('takes any bytes without failing', () => {
    const start = fc.constantFrom(
      0x9f,
      0xbf,
      0x5f,
      0x7f,
      0xff,
      0x81,
      0xa1,
      0x61,
      0x41,
      0xc1,
      0xf6,
      0xfb,
      0x1b,
      0x3b,
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(start, fc.nat(255)), { maxLength: 24 }), (given) => {
        expect([undefined, 'malformed_request']).toContain(reasonOfCbor(Buffer.from(given)))
      }),
      { numRuns: 3000 },
    )
  })

  const a = Uint8Array.of(0x61, 0x61)
  it.each<[string, Buffer]>([
    ['a member twice', cbor(0xa2, a, 1, a, 2)],
    ['a member twice in a map without a length', cbor(0xbf, a, 1, a, 2, 0xff)],
    ['a member twice, its length written long', cbor(0xa2, a, 1, 0x78, 1, 0x61, 2)],
    ['a map without an end', cbor(0xbf, a, 1)],
    ['a list without an end', cbor(0x9f, 1, 1)],
    ['lists without an end in each other', cbor(Buffer.alloc(100_000, 0x9f))],
    ['maps without an end in each other', cbor(...Array.from({ length: 10_000 }, () => [0xbf, a]).flat())],
    ['a map that ends after a name', cbor(0xbf, a, 0xff)],
    ['an end without a start', cbor(0xff)],
    ['an end in a list that has a length', cbor(0x82, 1, 0xff)],
    ['text in pieces', cbor(0x7f, a, a, 0xff)],
    ['bytes in pieces', cbor(0x5f, 0x41, 0x61, 0xff)],
    ['text that is no UTF-8', cbor(0x61, 0xff)],
    ['a name that is no UTF-8', cbor(0xa1, 0x62, 0xc3, 0x28, 1)],
    ['text with a byte order mark', cbor(0x64, 0xef, 0xbb, 0xbf, 0x61)],
    ['a list longer than any body', cbor(0x9b, Buffer.alloc(8, 0xff))],
    ['text longer than the body', cbor(0x7b, Buffer.alloc(7), 0xff)],
    ['a name that is no text', cbor(0xa1, 0x01, 0x01)],
    ['more behind the document', cbor(0xa0, 0xa0)],
    ['100 lists in each other', cbor(Buffer.alloc(100, 0x81), 1)],
  ])('refuses %s', (_what, bytes) => {
    expect(reasonOfCbor(bytes)).toBe('malformed_request')
  })

  it('reads maps and lists without a length, as AWS takes them too', () => {
    expect(parseCbor(cbor(0xbf, a, 0x9f, 1, 2, 0xff, 0xff))).toEqual({ a: [1, 2] })
  })
})
