import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseXml } from '../../../proxy/aws/protocols/xml.ts'
import { Denial } from '../../../proxy/core/denial/denial.ts'

/** Text, or elements in order. */
type Content = string | readonly (readonly [name: string, content: Content])[]

const NAME = fc.oneof(fc.stringMatching(/^[A-Za-z_][\w.-]{0,5}$/), fc.constant('__proto__'))
const TEXT = fc.string({ unit: 'grapheme' })
const { content } = fc.letrec<{ content: Content }>((tie) => ({
  content: fc.oneof(
    { maxDepth: 5 },
    TEXT,
    fc.array(fc.tuple(NAME, tie('content')), { minLength: 1, maxLength: 5 }),
  ),
}))

const REFERENCES: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&#34;',
  "'": '&#x27;',
}

/** In one of the ways that serialisers have, `style` says which. */
function written(name: string, inside: Content, style: number): string {
  const start = ['', ' ', ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"', " a = '>' "][style % 4] ?? ''
  if (inside === '' && style % 3 === 0) return `<${name}${start}/>`
  const text =
    typeof inside === 'string'
      ? inside.replaceAll(/[<>&"']/g, (each) => REFERENCES[each] ?? '')
      : inside.map(([child, below]) => written(child, below, style + 1)).join(style % 2 === 0 ? '' : '\n  ')
  return `<${name}${start}>${text}</${name}${style % 5 === 0 ? ' ' : ''}>`
}

/** What it is to be read as: lists by name. */
function treeOf(inside: Content): unknown {
  if (typeof inside === 'string') return inside
  const lists = new Map<string, unknown[]>()
  for (const [name, below] of inside) lists.set(name, [...(lists.get(name) ?? []), treeOf(below)])
  return Object.fromEntries(lists)
}

function reasonOf(text: string): string | undefined {
  try {
    parseXml(text)
    return undefined
  } catch (error) {
    if (error instanceof Denial) return error.reason
    throw error
  }
}

describe('parseXml', () => {
  it('reads what was written, in whatever style', () => {
    fc.assert(
      fc.property(content, fc.nat(60), (given, style) => {
        const text = written('Root', given, style)
        expect(parseXml(text)).toEqual(treeOf(given))
        expect(parseXml(`<?xml version="1.0" encoding="UTF-8"?>\n${text}\n`)).toEqual(treeOf(given))
      }),
      { numRuns: 500 },
    )
  })

  it('refuses what ends anywhere before its end', () => {
    fc.assert(
      fc.property(content, fc.nat(60), fc.nat(), (given, style, at) => {
        const text = written('Root', given, style)
        expect(reasonOf(text.slice(0, at % text.length))).toBe('malformed_request')
      }),
    )
  })

  it('takes any text without failing', () => {
    const tokens = [
      '<a>',
      '</a>',
      '<a',
      '/>',
      '>',
      '&',
      '&#65;',
      ' ',
      'x',
      '="y"',
      '<?xml version="1.0"?>',
      '<!--',
      '<',
    ]
    const token = fc.oneof(
      fc.constantFrom(...tokens),
      fc.nat(0xffff).map((each) => String.fromCharCode(each)),
    )
    fc.assert(
      fc.property(fc.array(token, { maxLength: 12 }), (given) => {
        expect([undefined, 'malformed_request']).toContain(reasonOf(given.join('')))
      }),
      { numRuns: 3000 },
    )
  })

  it.each([
    ['entities that grow', '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>'],
    ['an entity of its own', '<a>&c;</a>'],
    ['a parameter entity', '<a>%b;</a><!ENTITY % b "c">'],
    ['a reference that ends nowhere', '<a>&#65</a>'],
    ['a reference to a reference', '<a>&#38;lt;</a>&#60;'],
    ['a character that XML has not', '<a>&#0;</a>'],
    ['a character beyond Unicode', '<a>&#x110000;</a>'],
    ['a reference of digits without end', `<a>&#${'0'.repeat(100)}65;</a>`],
    ['CDATA', '<a><![CDATA[b]]></a>'],
    ['a comment', '<a><!-- b --></a>'],
    ['an instruction', '<a><?b?></a>'],
    ['a prefix', '<a:b/>'],
    ['an end tag that is empty too', '<a></a/>'],
    ['an end tag with an attribute', '<a></a b="c">'],
    ['an end tag with a longer name', '<a></ab>'],
    ['an end tag with a shorter name', '<ab></a>'],
    ['an end tag in another case', '<a></A>'],
    ['an end tag alone', '</a>'],
    ['text before the root', 'x<a/>'],
    ['text behind the root', '<a/>x'],
    ['two roots', '<a/><a/>'],
    ['text beside an element', '<a>x<b/></a>'],
    ['text behind an element', '<a><b/>x</a>'],
    ['an attribute without quotes', '<a b=c/>'],
    ['no name', '<>a</>'],
    ['nothing', ''],
    ['65 elements in each other', `${'<a>'.repeat(65)}${'</a>'.repeat(65)}`],
  ])('refuses %s', (_what, text) => {
    expect(reasonOf(text)).toBe('malformed_request')
  })

  it.each<[string, string, unknown]>([
    ['64 elements in each other', `${'<a>'.repeat(64)}${'</a>'.repeat(64)}`, undefined],
    ['a reference to an ampersand, once', '<a>&#38;lt;</a>', '&lt;'],
    ['blanks between elements', '<a> <b>1</b>\n<b>2</b> </a>', { b: ['1', '2'] }],
    ['blanks in an element', '<a> </a>', ' '],
    ['an empty element', '<a/>', ''],
    ['a byte order mark', '\uFEFF<a>1</a>', '1'],
  ])('reads %s', (_what, text, expected) => {
    const read = parseXml(text)
    if (expected !== undefined) expect(read).toEqual(expected)
  })
})
