import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseForm } from '../../../proxy/aws/protocols/form.ts'
import { Denial } from '../../../proxy/core/denial/denial.ts'

type Tree = string | Tree[] | { [name: string]: Tree }
type Pair = readonly [name: string, value: string]

const NAME = fc.stringMatching(/^[A-Za-z_][A-Za-z]{0,6}$/).filter((each) => !/^(member|entry)$/i.test(each))

const ANY = fc.nat(0xffff).map((each) => String.fromCharCode(each))

/** Names that no other case of themselves stands beside. */
function members(value: fc.Arbitrary<Tree>): fc.Arbitrary<Tree> {
  const entries = fc.uniqueArray(fc.tuple(NAME, value), {
    minLength: 1,
    maxLength: 4,
    selector: ([name]) => name.toLowerCase(),
  })
  return entries.map((each) => Object.fromEntries(each) as Tree)
}

const { tree } = fc.letrec<{ tree: Tree; value: Tree }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.string({ unit: 'grapheme' }),
    fc.array(tie('value'), { minLength: 1, maxLength: 12 }),
    members(tie('value')),
  ),
  tree: members(tie('value')),
}))

/** As SDKs write it, for some of them with `member` above each list. */
function pairsOf(node: Tree, wrapper: string, name = ''): Pair[] {
  const below = name === '' ? '' : `${name}.`
  if (typeof node === 'string') return [[name, node]]
  if (Array.isArray(node)) {
    return node.flatMap((each, at) => pairsOf(each, wrapper, `${below}${wrapper}${at + 1}`))
  }
  return Object.entries(node).flatMap(([key, each]) => pairsOf(each, wrapper, below + key))
}

function textOf(pairs: readonly Pair[], encode: (text: string) => string = encodeURIComponent): string {
  return pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&')
}

/** Every byte as an escape. */
function escaped(text: string): string {
  return [...Buffer.from(text)].map((each) => `%${each.toString(16).padStart(2, '0')}`).join('')
}

function reasonOf(text: string): string | undefined {
  try {
    parseForm(text)
    return undefined
  } catch (error) {
    if (error instanceof Denial) return error.reason
    throw error
  }
}

describe('parseForm', () => {
  it('reads what was written, in whatever order and spelling', () => {
    fc.assert(
      fc.property(tree, fc.constantFrom('', 'member.'), (given, wrapper) => {
        const pairs = pairsOf(given, wrapper)
        const { tree: read, irregular } = parseForm(textOf(pairs))
        expect(read).toEqual(given)
        expect(irregular).toEqual([])
        expect(parseForm(textOf(pairs.toReversed())).tree).toEqual(given)
        expect(parseForm(textOf(pairs, escaped)).tree).toEqual(given)
        expect(parseForm(textOf(pairs, (each) => escaped(each).replaceAll('%20', '+'))).tree).toEqual(given)
      }),
    )
  })

  it('refuses any of its parameters a second time, in whatever case and spelling', () => {
    fc.assert(
      fc.property(tree, fc.nat(), fc.nat(), fc.boolean(), (given, which, where, upper) => {
        const pairs = pairsOf(given, '')
        const [name] = pairs[which % pairs.length] as Pair
        const again: Pair = [upper ? name.toUpperCase() : name.toLowerCase(), 'other']
        const doubled = pairs.toSpliced(where % (pairs.length + 1), 0, again)
        expect(reasonOf(textOf(doubled))).toBe('malformed_request')
        expect(reasonOf(textOf(doubled, escaped))).toBe('malformed_request')
      }),
    )
  })

  it('names a list that has not every index once, from 1 on', () => {
    const index = fc.oneof(fc.nat(6).map(String), fc.constantFrom('01', '00', '007'))
    const indexes = fc.uniqueArray(index, { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(indexes, (given) => {
        const { irregular } = parseForm(given.map((each) => `List.${each}=x`).join('&'))
        const isWhole = given.every((_, at) => given.includes(String(at + 1)))
        expect(irregular.length).toBe(isWhole ? 0 : 1)
      }),
    )
  })

  it('loses no parameter, and refuses in words what it does not read', () => {
    const part = fc.constantFrom(
      'a',
      'A',
      '1',
      '2',
      '01',
      '',
      'x',
      '__proto__',
      '%61',
      '+',
      'a%2Ea',
      '%zz',
      '%ff',
    )
    const name = fc.array(part, { minLength: 1, maxLength: 3 }).map((each) => each.join('.'))
    const pair = fc.tuple(name, fc.constantFrom('', '=', '=v', '=a=b')).map((each) => each.join(''))
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 6 }), (pairs) => {
        const text = pairs.join('&')
        const reason = reasonOf(text)
        const read = reason === undefined ? leavesOf(parseForm(text).tree as Tree) : reason
        expect([pairs.filter((each) => each !== '').length, 'malformed_request']).toContain(read)
      }),
      { numRuns: 2000 },
    )
  })

  it('takes any text without failing', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.oneof(...'aA1.&=%+'.split('').map(fc.constant), ANY) }), (text) => {
        expect([undefined, 'malformed_request']).toContain(reasonOf(text))
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    ['a blank and a plus sign', 'a+b=1&a%20b=2'],
    ['an encoded dot', 'L.1=a&L%2E1=b'],
    ['an encoded letter', 'InstanceId.1=a&%49nstanceId.1=b'],
    ['an encoded index', 'L.1=a&L.%31=b'],
    ['an index before its turn', 'L.2=a&L.1=b&L.2=c'],
    ['an index after a gap', 'L.1=a&L.3=b&L.1=c'],
    ['a list in two cases', 'InstanceId.1=a&instanceid.2=b'],
    ['a list in two cases, one of them nested', 'A.List.1=a&A.list.2=b'],
    ['no name', '=a&=b'],
    ['no last part', 'a.=1&a.=2'],
    ['an Action that is a list too', 'Action=a&Action.1=b'],
    ['an Action in capitals', 'Action=a&ACTION=b'],
    ['a name and a list', 'L.1=a&L=b'],
  ])('refuses what is given twice: %s', (_what, text) => {
    expect(reasonOf(text)).toBe('malformed_request')
  })

  it.each<[string, string, unknown]>([
    ['no name', '=a', { '': 'a' }],
    ['empty parts', 'a..b=1', { a: { '': { b: '1' } } }],
    ['the name of a prototype', '__proto__.x=1', Object.fromEntries([['__proto__', { x: '1' }]])],
    ['a value with equals signs', 'a=b=c', { a: 'b=c' }],
    ['no value', 'a&b=', { a: '', b: '' }],
    ['nothing between ampersands', '&&a=1&', { a: '1' }],
    ['a map', 'M.entry.1.key=k&M.entry.1.value=v', { M: { k: 'v' } }],
  ])('reads %s', (_what, text, expected) => {
    expect(parseForm(text).tree).toEqual(expected)
  })

  it('names an irregular list below many wrappers once', () => {
    const { irregular } = parseForm([1, 3].map((at) => `${'member.'.repeat(20)}x.${at}=i`).join('&'))
    expect(irregular).toEqual(['x.1.3'])
  })

  it('takes for the Action what is spelled so and has one value', () => {
    expect(parseForm('Action=A&Version=1')).toMatchObject({ action: 'A', version: '1' })
    expect(parseForm('action=A&Version.1=1')).toMatchObject({ action: undefined, version: undefined })
  })
})

function leavesOf(node: Tree): number {
  if (typeof node === 'string') return 1
  return Object.values(node).reduce<number>((sum, each) => sum + leavesOf(each), 0)
}
