/** Paths of private services: templates as operators write them, and which of them a request means. */
import { decode } from '../protocols/query.ts'

/** `/orders/{id}/items`, `/files/{rest+}`: literal segments, labels, and at the end a label for all that is left. */
export const PATH_TEMPLATE =
  /^\/(?:(?:[\w.~@$-]+|\{[a-z]\w*\})(?:\/(?:[\w.~@$-]+|\{[a-z]\w*\}))*(?:\/\{[a-z]\w*\+\})?|\{[a-z]\w*\+\})?$/

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

/** How much a segment leaves open: nothing, one segment, or all that follow. */
function openness(segment: string): number {
  return isGreedy(segment) ? 2 : isLabel(segment) ? 1 : 0
}

/** The most literal first, read from the left. */
function byLiteralness(a: Template, b: Template): number {
  const length = Math.min(a.segments.length, b.segments.length)
  for (let i = 0; i < length; i++) {
    const order = openness(a.segments[i] as string) - openness(b.segments[i] as string)
    if (order !== 0) return order
  }
  return 0
}

/** Names of the labels in a template. */
export function labelsOf(template: string): readonly string[] {
  return [...template.matchAll(/\{(\w+)\+?\}/g)].map((each) => each[1] as string)
}

/** What two templates have in common that no request can tell from each other. */
export function pathShape(template: string): string {
  return template.replaceAll(/\{\w+(\+?)\}/g, '{$1}').toLowerCase()
}

/** As a careless service might read a segment: other letter case, other forms of one character. */
function folded(segment: string): string {
  return segment.normalize('NFKC').toLowerCase()
}

/** A separator, an escape, a parameter of a segment, or nothing that belongs into a path. */
// oxlint-disable-next-line no-control-regex
const UNSAFE = /[/\\%;?#\u0000-\u001f\u007f]/

/**
 * The segments, each decoded once. Undefined for a path that two services could take apart in two ways: with empty
 * segments (a slash at the end makes one), dot segments, or an encoded separator.
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

/** Whether a template fits but for letter case, and whether it fits to the letter. */
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
 * Finds the most literal template that a raw path fits, whatever the method: a label never takes what is a literal
 * beside it, encoded or not. What fits the best one in another letter case only is nobody's.
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
