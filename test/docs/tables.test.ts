/** The tables of docs/ are what the code says. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FOLDS_CASE, HOLDS_STARS, OTHER_NAMES } from '../../policy/resource-names.ts'
import { ACTION_CLASSES } from '../../proxy/core/action-class.ts'
import { DEFAULT_PACES } from '../../proxy/pacing/paces.ts'
import { generatedPages } from '../support/docs-tables.ts'
import { ROOT } from '../support/markdown.ts'

const pages = await generatedPages()

it.each(pages)('$file has the table that the code says (npm run docs writes it)', ({ is, mustBe }) => {
  expect(is).toBe(mustBe)
})

it('finds all four tables', () => {
  expect(pages.map(({ file }) => file)).toEqual([
    'docs/refusals.md',
    'docs/configuration.md',
    'docs/watchers.md',
    'docs/metrics.md',
  ])
})

describe('docs/policy.md', () => {
  const text = readFileSync(join(ROOT, 'docs/policy.md'), 'utf8')

  it.each([...Object.keys(OTHER_NAMES), ...Object.keys(FOLDS_CASE), ...Object.keys(HOLDS_STARS)])(
    'names %s among those with other names, one case, or stars in their names',
    (type) => {
      expect(text).toContain(`\`${type}\``)
    },
  )
})

describe('docs/pacing.md', () => {
  const rows = readFileSync(join(ROOT, 'docs/pacing.md'), 'utf8')
    .split('\n')
    .filter((line) => /^\| `[a-z-]+`[^|]*\|[^|]*\|[^|]*\|$/.test(line))
  const classes = rows.flatMap((line) =>
    [...(line.split('|')[1] ?? '').matchAll(/`([a-z-]+)`/g)].map(([, name = '']) => ({ name, line })),
  )

  it('has every class, from the mildest', () => {
    expect(classes.map(({ name }) => name)).toEqual(ACTION_CLASSES)
  })

  it.each(classes)('has the default pace of $name', ({ name, line }) => {
    const pace = new Map(Object.entries(DEFAULT_PACES)).get(name)
    const { rate, burst, maxWait } = pace ?? {}
    const text = name === 'unknown' ? 'always refused' : 'not paced'
    expect(line).toContain(pace === undefined ? text : `${rate}, burst ${burst}, held up to ${maxWait}`)
  })
})
