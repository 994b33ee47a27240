/** Matches a raw path against the URI templates of REST services. */
import type { Operation } from '../catalogue/types.ts'
import { decode } from '../protocols/query.ts'

/** A Route is an operation with its URI template. */
export interface OperationRoute {
  readonly operation: Operation
  readonly method: string
  /** The template. */
  readonly path: string
  /** Label names in path order. */
  readonly labels: readonly string[]
  /** Query keys of the template; an empty value matches any. */
  readonly literals: readonly (readonly [string, string])[]
}

interface Node {
  readonly literals: Map<string, Node>
  label: Node | undefined
  greedy: Node | undefined
  readonly routes: OperationRoute[]
}

export interface Trie {
  readonly root: Node
}

export interface Match {
  readonly routes: readonly OperationRoute[]
  readonly spans: readonly string[]
}

function node(): Node {
  return { literals: new Map(), label: undefined, greedy: undefined, routes: [] }
}

export function newTrie(): Trie {
  return { root: node() }
}

/** Returns the segments of a raw path; it ignores one slash at the end. */
function segmentsOf(path: string): string[] {
  const segments = path.split('/')
  segments.shift()
  if (segments.at(-1) === '') segments.pop()
  return segments
}

function literalsOf(query: string | undefined): [string, string][] {
  return [...new URLSearchParams(query ?? '')].filter(([key]) => key !== 'x-id')
}

/** Returns the route of an operation for a `METHOD uri`: its model's, or one that older SDKs still send. */
export function operationRouteOf(operation: Operation, http = operation.http): OperationRoute {
  const [method = '', uri = ''] = http.split(' ')
  const [path = '', query] = uri.split('?')
  const labels = [...path.matchAll(/\{([^}+]+)\+?\}/g)].map((each) => each[1] as string)
  return { operation, method, path, labels, literals: literalsOf(query) }
}

/** Adds a route to the trie. */
export function insert(trie: Trie, route: OperationRoute): void {
  let at = trie.root
  for (const segment of segmentsOf(route.path)) {
    if (segment.startsWith('{')) {
      if (segment.endsWith('+}')) at = at.greedy ??= node()
      else at = at.label ??= node()
      continue
    }
    const next = at.literals.get(segment) ?? node()
    at.literals.set(segment, next)
    at = next
  }
  at.routes.push(route)
}

type Choose = (routes: readonly OperationRoute[]) => readonly OperationRoute[]

/** Holds the segments that a label takes. They are joined only after a match, since a path may have thousands. */
type Span = readonly [start: number, end: number]

function search(
  at: Node,
  segments: readonly string[],
  index: number,
  spans: Span[],
  choose: Choose,
): Match | undefined {
  if (index === segments.length) {
    const routes = at.routes.length === 0 ? at.routes : choose(at.routes)
    if (routes.length === 0) return undefined
    return { routes, spans: spans.map(([start, end]) => segments.slice(start, end).join('/')) }
  }
  const segment = segments[index] as string
  const literal = at.literals.get(segment)
  const found = literal && search(literal, segments, index + 1, spans, choose)
  if (found) return found
  if (at.label !== undefined && segment !== '') {
    spans.push([index, index + 1])
    const match = search(at.label, segments, index + 1, spans, choose)
    spans.pop()
    if (match) return match
  }
  if (at.greedy === undefined) return undefined
  for (let end = index + 1; end <= segments.length; end++) {
    spans.push([index, end])
    const match = search(at.greedy, segments, end, spans, choose)
    spans.pop()
    if (match) return match
  }
  return undefined
}

/**
 * Returns the most literal template that the path matches and of which `choose` keeps a route; greedy labels take the
 * shortest span first. Dot segments match nothing, not even after an encoded slash: a service may resolve them.
 * Parameters of a segment (`;a=b`) match nothing either.
 */
export function match(trie: Trie, path: string, choose: Choose): Match | undefined {
  const segments = segmentsOf(path)
  for (const each of segments) {
    const decoded = decode(each)
    // Some servers cut a segment at its first semicolon; SDKs encode those that belong to a value.
    if (decoded === undefined || each.includes(';') || /(^|\/)\.{1,2}(\/|$)/.test(decoded)) return undefined
  }
  return search(trie.root, segments, 0, [], choose)
}
