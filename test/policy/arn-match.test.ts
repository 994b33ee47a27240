import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arnMatch, arnOverlap, patternsOverlap } from '../../policy/arn-match.ts'
import { findOpa, INSTALL_OPA, ROOT } from '../../policy/build.ts'

/** The same meaning by other means: a regular expression with everything but `*` quoted. */
function reference(patterns: readonly string[], arn: string): boolean {
  return patterns.some((pattern) => {
    const quoted = pattern.split('*').map((part) => part.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'))
    return new RegExp(`^${quoted.join('[^]*')}$`).test(arn)
  })
}

// Few letters, so that patterns often match and often nearly do.
const texts = fc.string({
  unit: fc.constantFrom('a', 'b', '*', ':', '/', '.', '?', '[', '\n', 'é'),
  maxLength: 12,
})

describe('patternsOverlap', () => {
  it.each([
    ['arn:aws:lambda:*:*:function:prod-*', 'arn:aws:lambda:us-east-1:123456789012:function:prod-orders'],
    ['arn:aws:lambda:*:*:function:prod-*', 'arn:aws:lambda:us-east-1:123456789012:function:prod-orders:3'],
    [
      'arn:aws:logs:*:*:log-group:prod-*',
      'arn:aws:logs:us-east-1:123456789012:log-group:prod-x:log-stream:y',
    ],
    ['arn:aws:dynamodb:*:*:table/prod-*', 'arn:aws:dynamodb:us-east-1:123456789012:table/prod-x/index/i'],
    ['arn:aws:rds:*:*:*:prod-*', 'arn:aws:rds:us-east-1:123456789012:cluster:prod-1'],
    ['arn:aws:s3:::prod-*', 'arn:aws:s3:::prod-data/a/b:c'],
    ['arn:aws:sns:*:*:prod-*', 'arn:aws:sns:us-east-1:123456789012:prod-topic:6b0e71bd'],
    ['arn:aws:iam::*:role/prod-*', 'arn:aws:iam::123456789012:role/prod-admin'],
  ])('of %j misses no pattern that covers %j, however an agent writes it', (rule, arn) => {
    expect(arnMatch([rule], arn)).toBe(true)
    fc.assert(
      fc.property(fc.array(fc.nat(arn.length), { maxLength: 8 }), (cuts) => {
        // Each second piece of the ARN is left out for a `*`.
        const sorted = [0, ...cuts.toSorted((a, b) => a - b), arn.length]
        const pieces = sorted.slice(1).map((end, index) => arn.slice(sorted[index], end))
        const pattern = pieces.map((piece, index) => (index % 2 === 0 ? piece : '*')).join('')
        expect(arnMatch([pattern], arn)).toBe(true)
        expect(patternsOverlap([rule], pattern)).toBe(true)
      }),
      { numRuns: 5000 },
    )
  })

  it.each([
    ['arn:aws:lambda:*:*:function:prod-*', 'arn:aws:*:*:function:prod-orders', true],
    ['arn:aws:lambda:*:*:function:prod-*', 'arn:*:*:*:*:prod-orders', true],
    ['arn:aws:lambda:*:*:function:prod-*', 'arn:aws:lambda:*:*:function:test-*', false],
    ['arn:aws:lambda:*:*:function:prod-*', 'arn:aws:s3:::prod-*', false],
    ['arn:aws:dynamodb:*:*:table/prod-*', 'arn:aws:dynamodb:*:*:table/test-*', false],
    ['arn:aws:dynamodb:*:*:table/prod-*', 'arn:aws:dynamodb:us-east-1:123456789012:table/*', true],
    ['arn:aws:sqs:*:*:prod-*', 'arn:aws:sqs:us-east-1:123456789012:test-*', false],
    // Nothing says where the account ends, and the name begins.
    ['arn:aws:sqs:*:*:prod-*', 'arn:aws:sqs:*:*:test-*', true],
    ['arn:aws:s3:::prod-*', 'arn:aws:s3::*:c', true],
    ['arn:aws:rds:*:*:*:prod-*', 'arn:aws:rds:*:1234*:prod-1', true],
    ['arn:aws:sns:*:*:prod-*', 'arn:aws:sns:*:6b0e71bd', true],
    ['arn:aws:logs:*:*:log-group:prod-*', 'arn:aws:logs:*:*:log-group:*:log-stream:a', true],
    ['arn:aws:logs:*:*:log-group:prod-*', 'arn:aws:logs:*:*:log-stream:a', true],
    ['*', 'arn:aws:sqs:*:*:test', true],
    ['arn:aws:sqs:*:*:prod', '*', true],
  ])('%j and %j: %j', (one, other, overlaps) => {
    expect(patternsOverlap([one], other)).toBe(overlaps)
  })
})

describe('arnOverlap', () => {
  it.each([
    ['arn:aws:s3:::data/*', 'arn:aws:s3:::data/a/b', true],
    ['arn:aws:s3:::data/*', 'arn:aws:s3:::data', false],
    ['arn:aws:s3:::data/secret', 'arn:aws:s3:::data/*', true],
    ['arn:aws:s3:::data/secret*', 'arn:aws:s3:::d*', true],
    ['arn:aws:s3:::data/secret*', 'arn:aws:s3:::other/*', false],
    ['*/x', 'a*/y', false],
    ['arn:aws:dynamodb:*:*:table/prod-*', 'arn:aws:dynamodb:us-east-1:*:table/orders', false],
    ['arn:aws:dynamodb:*:*:table/prod-*', 'arn:aws:dynamodb:us-east-1:*:table/prod-1', true],
    ['arn:*:table/prod-*', 'arn:aws:dynamodb:us-east-1:*', true],
    ['a*b*c', '*bb*', true],
    ['a*b', 'a*c*', true],
    ['ab*', 'a*', true],
    ['*a', 'b*b', false],
    ['*', '*', true],
  ])('%j and %j: %j', (pattern, arn, overlaps) => {
    expect(arnOverlap([pattern], arn)).toBe(overlaps)
  })

  it('is exact for texts that are not too long', () => {
    const short = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 3 })
    const all = ['']
    for (let at = 0; (all[at]?.length ?? 9) < 6; at++) all.push(`${all[at]}a`, `${all[at]}b`)
    fc.assert(
      fc.property(short, short, (one, other) => {
        const common = all.some((text) => arnMatch([one], text) && arnMatch([other], text))
        expect(arnOverlap([one], other)).toBe(common)
      }),
      { numRuns: 2000 },
    )
  })

  it('is bounded in what it compares, and says true rather than miss something', () => {
    const [one, other] = [`a*${'b'.repeat(500)}*c`, `a*${'d'.repeat(500)}*c`]
    expect(arnOverlap([one], other)).toBe(true)
  })

  it('misses nothing that both may mean', () => {
    fc.assert(
      fc.property(
        texts,
        fc.array(fc.string({ unit: fc.constantFrom('a', ':'), maxLength: 2 })),
        (text, fill) => {
          // Two patterns that both cover the text, since they are made from it.
          const holes = (from: number): string =>
            text
              .split('')
              .map((char, index) => (fill.length > 0 && (index * 7 + from) % 3 === 0 ? '*' : char))
              .join('')
          expect(arnOverlap([holes(fill.length)], holes(text.length))).toBe(true)
        },
      ),
      { numRuns: 5000 },
    )
  })
})

describe('arnMatch', () => {
  it.each([
    ['arn:aws:s3:::data/*', 'arn:aws:s3:::data/a/b', true],
    ['arn:aws:s3:::data/*', 'arn:aws:s3:::data', false],
    ['arn:aws:s3:::data', 'arn:aws:s3:::data2', false],
    ['arn:*:table/a*z', 'arn:aws:dynamodb:us-east-1:1:table/abz', true],
    ['a*a', 'a', false],
    ['a*b*b', 'ab', false],
    ['*ab', 'aab', true],
    ['**', '', true],
    ['', '', true],
    ['a?', 'ab', false],
    ['[ab]', 'a', false],
    ['*', 'line\nend', true],
    ['ARN:*', 'arn:a', false],
  ])('%j on %j is %j', (pattern, arn, covered) => {
    expect(arnMatch([pattern], arn)).toBe(covered)
  })

  it('covers nothing without a pattern', () => {
    expect(arnMatch([], 'arn:aws:s3:::data')).toBe(false)
  })

  it('covers a set of resources only as a whole', () => {
    expect(arnMatch(['arn:aws:s3:::data/*'], 'arn:aws:s3:::data/*')).toBe(true)
    expect(arnMatch(['arn:aws:s3:::data/a*', 'arn:aws:s3:::data/'], 'arn:aws:s3:::data/*')).toBe(false)
  })

  it('agrees with a regular expression', () => {
    fc.assert(
      fc.property(fc.array(texts, { maxLength: 3 }), texts, (patterns, arn) => {
        expect(arnMatch(patterns, arn)).toBe(reference(patterns, arn))
      }),
      { numRuns: 5000 },
    )
  })

  it('takes time linear in the length of a text made to backtrack', () => {
    const pattern = `${'*a'.repeat(200)}*b`
    const startMs = performance.now()
    expect(arnMatch([pattern], 'a'.repeat(100_000))).toBe(false)
    expect(performance.now() - startMs).toBeLessThan(2000)
  })

  it('keeps on matching when more patterns come than it keeps compiled', () => {
    for (let index = 0; index < 25_000; index++) expect(arnMatch([`a${index}*`], `a${index}/x`)).toBe(true)
  })
})

const opa = findOpa()
if (opa === undefined)
  console.warn(`SKIPPED: parity of arnMatch with OPA's glob; opa is missing: ${INSTALL_OPA}`)

describe.skipIf(opa === undefined)("arnMatch and OPA's glob", () => {
  it('agree on many pairs', () => {
    const pairs = fc.sample(fc.tuple(texts, texts), { numRuns: 3000, seed: 7 })
    const query = '[data.moderato.testing.arn_match([pair[0]], pair[1]) | some pair in input]'
    const args = [
      'eval',
      '-d',
      'rego/moderato',
      '--capabilities',
      'rego/capabilities.json',
      '-I',
      '-f',
      'raw',
      query,
    ]
    const answers: unknown = JSON.parse(
      execFileSync(opa ?? '', args, { cwd: ROOT, input: JSON.stringify(pairs), encoding: 'utf8' }),
    )
    const ours = pairs.map(([pattern, arn]) => arnMatch([pattern], arn))
    expect(answers).toEqual(ours)
    expect(new Set(ours)).toEqual(new Set([true, false]))
  })
})
