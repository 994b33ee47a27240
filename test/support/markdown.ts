/** Reads the pages that users read: their headings, links and code, as GitHub shows them. */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import GithubSlugger from 'github-slugger'
import type { Code, Root, RootContent } from 'mdast'
import { fromMarkdown } from 'mdast-util-from-markdown'
import { toString } from 'mdast-util-to-string'
import { visit } from 'unist-util-visit'

export const ROOT = resolve(import.meta.dirname, '../..')

/** Parses a page; `file` is its path from the root of the checkout, as `docs/tasks.md`. */
export function page(file: string): Root {
  return fromMarkdown(readFileSync(join(ROOT, file), 'utf8'))
}

/** Returns the anchors of a page's headings. */
export function anchors(file: string): ReadonlySet<string> {
  const slugger = new GithubSlugger()
  const found = new Set<string>()
  visit(page(file), 'heading', (heading) => {
    found.add(slugger.slug(toString(heading)))
  })
  return found
}

/** Returns the addresses of a page's links and images, as they are written. */
export function links(file: string): readonly string[] {
  const found: string[] = []
  visit(page(file), (node) => {
    if (node.type === 'link' || node.type === 'image' || node.type === 'definition') found.push(node.url)
  })
  return found
}

/** Returns a page's inline code. */
export function inlineCode(file: string): readonly string[] {
  const found: string[] = []
  visit(page(file), 'inlineCode', ({ value }) => {
    found.push(value)
  })
  return found
}

/** Returns a page's code blocks of one language, in order. */
export function codeBlocks(file: string, language: string): readonly string[] {
  return codeIn(page(file), language)
}

/**
 * Returns the code blocks of one language in a chapter and the chapters below it. `heading` has its level, as
 * `## Break-glass`. Throws if the page has no such heading.
 */
export function chapterBlocks(file: string, heading: string, language: string): readonly string[] {
  const { children } = page(file)
  const depth = heading.indexOf(' ')
  const start = children.findIndex(
    (node) => node.type === 'heading' && node.depth === depth && toString(node) === heading.slice(depth + 1),
  )
  if (start === -1) throw new Error(`${file} has no heading ${JSON.stringify(heading)}`)
  const rest = children.slice(start + 1)
  const end = rest.findIndex((node) => node.type === 'heading' && node.depth <= depth)
  return codeIn({ type: 'root', children: end === -1 ? rest : rest.slice(0, end) }, language)
}

function codeIn(tree: Root | RootContent, language: string): readonly string[] {
  const found: string[] = []
  visit(tree, 'code', ({ lang, value }: Code) => {
    if (lang === language) found.push(`${value}\n`)
  })
  return found
}
