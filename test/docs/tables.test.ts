/** The generated tables of docs/ are what the code says. */
import { expect, it } from 'vitest'
import { generatedPages } from '../support/docs-tables.ts'

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
