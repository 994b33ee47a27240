import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arnMatch } from '../../policy/arn-match.ts'
import { literalName, plainText, strayVariable, unknownStars } from '../../policy/literal-names.ts'
import { restricts, restrictsSome } from '../../policy/restricts.ts'

/** Reads a pattern by other means than the code does: as a regular expression, one token after the other. */
function expression(pattern: string, flags = ''): RegExp {
  const source = [...pattern.matchAll(/\$\{([*?$])\}|(\*)|[^]/g)].map(([token, char, star]) => {
    if (star !== undefined) return '[^]*'
    return (char ?? token).replace(/[\\^$.*+?()[\]{}|/-]/, String.raw`\$&`)
  })
  return new RegExp(`^${source.join('')}$`, flags)
}

const unit = fc.constantFrom('*', '?', '$', '{', '}', 'a', 'B', '/')
const names = fc.string({ unit, minLength: 1, maxLength: 10 })
const patterns = fc.string({
  unit: fc.constantFrom('*', '?', '$', '{', '}', 'a', 'B', '/', '${*}', '${?}', '${$}'),
  minLength: 1,
  maxLength: 8,
})
const object = (name: string) => `arn:aws:s3:::b/${name}`

describe('literalName', () => {
  it.each([
    ['logs/*', 'logs/${*}'],
    ['**', '${*}${*}'],
    ['a?', 'a?'],
    ['data_$folder$', 'data_$folder$'],
    ['$LATEST', '$LATEST'],
    ['${*}', '${$}{${*}}'],
    ['$*', '$${*}'],
    ['${$}', '${$}{$}'],
    ['$${', '$${$}{'],
  ])('spells %s as %s', (name, text) => {
    expect(literalName(name)).toBe(text)
  })

  it('gives no two names one spelling, and none that has an unknown part', () => {
    fc.assert(
      fc.property(names, names, (one, other) => {
        const [a, b] = [literalName(one), literalName(other)]
        expect(a === b).toBe(one === other)
        expect(plainText(a) === plainText(b)).toBe(one === other)
        expect(plainText(a)).not.toContain('*')
      }),
      { numRuns: 5000 },
    )
  })
})

describe('unknownStars', () => {
  it('leaves no name that an agent gives the look of a star that is a part of it', () => {
    fc.assert(
      fc.property(names, (name) => {
        // Each star of the name stays one that stands for any characters.
        expect(plainText(unknownStars(name))).toBe(name)
      }),
      { numRuns: 5000 },
    )
  })
})

describe('a name with stars of its own', () => {
  it('is covered by a grant exactly if the pattern covers its text', () => {
    fc.assert(
      fc.property(patterns, names, (pattern, name) => {
        const covered = expression(object(pattern)).test(object(name))
        expect(arnMatch([object(pattern)], object(literalName(name)))).toBe(covered)
      }),
      { numRuns: 20_000 },
    )
  })

  it('is restricted by a rule exactly if the pattern covers its text, in whatever case', () => {
    fc.assert(
      fc.property(patterns, names, (pattern, name) => {
        const covered = expression(object(pattern), 'i').test(object(name))
        expect(restricts([object(pattern)], object(literalName(name)))).toBe(covered)
        expect(restrictsSome([object(pattern)], object(literalName(name)))).toBe(covered)
      }),
      { numRuns: 20_000 },
    )
  })

  it('is covered by the pattern that is its spelling, which covers no other name', () => {
    fc.assert(
      fc.property(names, names, (one, other) => {
        expect(arnMatch([literalName(one)], literalName(other))).toBe(one === other)
      }),
      { numRuns: 5000 },
    )
  })

  it.each([
    ['b/*', 'b/${*}', true],
    ['b/${*}', 'b/${*}', true],
    ['b/${*}', 'b/a', false],
    ['b/a', 'b/${*}', false],
    // What a spelling is made of is no part of the name.
    ['b/$*', 'b/${*}', false],
    ['b/*}', 'b/${*}', false],
    ['b/${$}{*', 'b/${*}', false],
    ['b/${*}', 'b/${$}{${*}}', false],
    ['b/${x}', 'b/${$}{x}', true],
  ])('a pattern %s covers %s: %s', (pattern, name, covered) => {
    expect(arnMatch([`arn:aws:s3:::${pattern}`], `arn:aws:s3:::${name}`)).toBe(covered)
    expect(restricts([`arn:aws:s3:::${pattern}`], `arn:aws:s3:::${name}`)).toBe(covered)
  })
})

describe('a name of which a part is not known', () => {
  const piece = fc.constantFrom('a', '*', '${*}')
  const short = fc.string({ unit: piece, maxLength: 3 })
  /** Every text of up to six letters, of which one is the star. */
  const all = ['']
  for (let at = 0; (all[at]?.length ?? 9) < 6; at++) all.push(`${all[at]}a`, `${all[at]}*`)

  it('is restricted if some name that it may be is one that the pattern covers', () => {
    fc.assert(
      fc.property(short, short, (pattern, name) => {
        const [one, other] = [expression(pattern), expression(name)]
        expect(restricts([pattern], name)).toBe(all.some((text) => one.test(text) && other.test(text)))
      }),
      { numRuns: 3000 },
    )
  })

  it('is covered by no pattern that is the spelling of a star', () => {
    expect(arnMatch(['arn:aws:s3:::b/${*}'], 'arn:aws:s3:::b/*')).toBe(false)
    expect(arnMatch(['${*}'], '*')).toBe(false)
  })
})

describe('strayVariable', () => {
  it.each([
    ['b/${aws:username}/*', '${aws:username}'],
    ['b/${*', '${*'],
    ['b/${**}', '${**}'],
    ['b/${}', '${}'],
    ['b/${*}${?}${$}$x{y}', undefined],
  ])('in %s is %s', (pattern, found) => {
    expect(strayVariable(pattern)).toBe(found)
  })
})
