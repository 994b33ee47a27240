/** Matches paths of private services against the templates that operators write. */
import { decode } from '../protocols/query.ts'

/** Matches a template: `/orders/{id}/items`, `/files/{rest+}`. It has literal segments, labels, and may end in a greedy label. */
export const PATH_TEMPLATE =
  /^\/(?:(?:[\w.~@$-]+|\{[a-z]\w*\})(?:\/(?:[\w.~@$-]+|\{[a-z]\w*\}))*(?:\/\{[a-z]\w*\+\})?|\{[a-z]\w*\+\})?$/

/** Holds the template that a path matches. */
export interface PathMatch {
  /** The template, as it is configured. */
  readonly template: string
  /** Decoded values by label. */
  readonly labels: ReadonlyMap<string, string>
}

export type MatchPath = (path: string) => PathMatch | undefined

interface Template {
  readonly text: string
  readonly segments: readonly string[]
}

function isLabel(segment: string): boolean {
  return segment.startsWith('{')
}

function isGreedy(segment: string): boolean {
  return segment.endsWith('+}')
}

/** Returns how much a segment leaves open: 0 for a literal, 1 for a label, 2 for a greedy label. */
function openness(segment: string): number {
  return isGreedy(segment) ? 2 : isLabel(segment) ? 1 : 0
}

/** Sorts the most literal template first, compared from the left. */
function byLiteralness(a: Template, b: Template): number {
  const length = Math.min(a.segments.length, b.segments.length)
  for (let i = 0; i < length; i++) {
    const order = openness(a.segments[i] as string) - openness(b.segments[i] as string)
    if (order !== 0) return order
  }
  return 0
}

/** Returns the names of the labels in a template. */
export function labelsOf(template: string): readonly string[] {
  return [...template.matchAll(/\{(\w+)\+?\}/g)].map((each) => each[1] as string)
}

/** Returns the shape of a template: no request can distinguish two templates of the same shape. */
export function pathShape(template: string): string {
  return template.replaceAll(/\{\w+(\+?)\}/g, '{$1}').toLowerCase()
}

/** Normalises a segment as a lenient service might: other letter case, other forms of one character. */
function folded(segment: string): string {
  return segment.normalize('NFKC').toLowerCase()
}

/** Matches a separator, an escape, a parameter of a segment, or a character that does not belong in a path. */
// oxlint-disable-next-line no-control-regex
const UNSAFE = /[/\\%;?#\u0000-\u001f\u007f]/

/**
 * Returns the segments, each decoded once. Returns undefined for a path that two services could split in two ways: with
 * empty segments (a slash at the end makes one), dot segments, or an encoded separator.
 */
function segmentsOf(path: string): readonly string[] | undefined {
  if (path === '/') return []
  const segments: string[] = []
  for (const raw of path.slice(1).split('/')) {
    const segment = decode(raw)
    if (segment === undefined || segment === '') return undefined
    const plain = segment.normalize('NFKC')
    if (UNSAFE.test(segment) || UNSAFE.test(plain) || plain === '.' || plain === '..') return undefined
    segments.push(segment)
  }
  return segments
}

/** Tells whether a template fits exactly, or only in another letter case. */
function fit(template: readonly string[], segments: readonly string[]): 'exact' | 'nearly' | undefined {
  const open = isGreedy(template.at(-1) ?? '')
  if (open ? segments.length < template.length : segments.length !== template.length) return undefined
  let exact = true
  for (let i = 0; i < template.length; i++) {
    const own = template[i] as string
    const segment = segments[i] as string
    if (isLabel(own)) continue
    if (folded(own) !== folded(segment)) return undefined
    exact &&= own === segment
  }
  return exact ? 'exact' : 'nearly'
}

function labelled(template: readonly string[], segments: readonly string[]): ReadonlyMap<string, string> {
  const labels = new Map<string, string>()
  for (const [index, own] of template.entries()) {
    if (isGreedy(own)) labels.set(own.slice(1, -2), segments.slice(index).join('/'))
    else if (isLabel(own)) labels.set(own.slice(1, -1), segments[index] as string)
  }
  return labels
}

/**
 * Finds the most literal template that a raw path fits, for any method. A label never takes a value that is a literal in
 * another template, encoded or not. A path that fits the best template only in another letter case matches none.
 */
export function pathMatcher(templates: Iterable<string>): MatchPath {
  const sorted = [...new Set(templates)]
    .map((text): Template => ({ text, segments: text === '/' ? [] : text.slice(1).split('/') }))
    .toSorted(byLiteralness)
  return (path) => {
    const segments = segmentsOf(path)
    if (segments === undefined) return undefined
    for (const { text, segments: own } of sorted) {
      const fits = fit(own, segments)
      if (fits === 'nearly') return undefined
      if (fits === 'exact') return { template: text, labels: labelled(own, segments) }
    }
    return undefined
  }
}
