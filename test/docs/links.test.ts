/** Every relative link in the pages leads somewhere; README stays short; each page starts with what to type. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { toString } from 'mdast-util-to-string'
import { describe, expect, it } from 'vitest'
import { USER_PAGES } from '../support/docs.ts'
import { anchors, links, page, ROOT } from '../support/markdown.ts'

const PAGES = [...USER_PAGES, 'SECURITY.md', 'CONTRIBUTING.md', 'CHANGELOG.md']
const CAPABILITIES = USER_PAGES.filter((file) => file !== 'README.md' && file !== 'docs/README.md')
const MOST_README_LINES = 250

/** Returns what is wrong with a relative link; undefined if nothing is. */
function broken(file: string, url: string): string | undefined {
  const [path = '', anchor] = url.split('#')
  const target = path === '' ? file : normalize(join(dirname(file), decodeURI(path)))
  if (!existsSync(join(ROOT, target))) return `${url}: there is no ${target}`
  if (anchor === undefined) return undefined
  return anchors(target).has(anchor) ? undefined : `${url}: ${target} has no heading for #${anchor}`
}

const isRelative = (url: string): boolean => !/^[a-z][a-z0-9+.-]*:/i.test(url)

describe('the pages', () => {
  it.each(PAGES)('%s has links that lead somewhere', (file) => {
    const wrong = links(file)
      .filter((url) => isRelative(url))
      .flatMap((url) => broken(file, url) ?? [])
    expect(wrong).toEqual([])
  })

  it('would not pass with a file or an anchor that does not exist', () => {
    expect(broken('README.md', 'docs/nothing.md')).toMatch(/no docs\/nothing\.md/)
    expect(broken('docs/tasks.md', '#nothing')).toMatch(/no heading/)
    expect(broken('docs/tasks.md', '../README.md#see-it-work')).toBeUndefined()
  })

  it.each(['README.md', 'docs/README.md'])('%s links to every page of docs/', (index) => {
    const linked = links(index).map((url) => normalize(join(dirname(index), url.split('#')[0] ?? '')))
    expect(linked).toEqual(expect.arrayContaining(CAPABILITIES))
  })

  it('are as many as there are capabilities', () => {
    expect(CAPABILITIES.length).toBeGreaterThanOrEqual(16)
  })

  it.each(CAPABILITIES)('%s starts with what a user does first', (file) => {
    const chapters = page(file).children.filter((node) => node.type === 'heading' && node.depth === 2)
    expect(chapters.map((node) => toString(node))[0]).toBe('First steps')
  })

  it(`README has at most ${MOST_README_LINES} lines`, () => {
    const lines = readFileSync(join(ROOT, 'README.md'), 'utf8').trimEnd().split('\n')
    expect(lines.length).toBeLessThanOrEqual(MOST_README_LINES)
  })
})
