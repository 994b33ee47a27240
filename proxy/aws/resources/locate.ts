/** Finds the values that a locator of the catalogue points at in a parsed request. */
import type { HeaderFields } from '../../core/http/headers.ts'
import type { Locator } from '../catalogue/types.ts'
import type { Document } from '../protocols/tree.ts'
import type { QueryKeys } from '../protocols/query.ts'

/** Holds the parsed parts of a request that classification reads. */
export interface RequestParts {
  /** Decoded path labels by their name. */
  readonly labels: ReadonlyMap<string, string>
  readonly query: QueryKeys
  readonly headers: HeaderFields
  readonly path: string
  /** The body as a document; undefined if it is none, or was not read. */
  readonly body: Document
}

const NOTHING: readonly Document[] = []

/**
 * Walks the tree. It matches member names in any case: a service that is lenient about case must not see a parameter
 * that we missed. Lists are entered without a step.
 */
function walk(node: Document, steps: readonly string[], index: number, found: Document[]): void {
  if (Array.isArray(node)) {
    for (const each of node as readonly Document[]) walk(each, steps, index, found)
    return
  }
  if (index === steps.length) {
    if (node !== undefined) found.push(node)
    return
  }
  if (typeof node !== 'object' || node === null || ArrayBuffer.isView(node)) return
  const step = steps[index] as string
  const object = node as Readonly<Record<string, Document>>
  if (step === '@') {
    for (const key of Object.keys(object)) found.push(key)
    return
  }
  for (const key in object) {
    const same =
      key === step || step === '*' || (key.length === step.length && key.toLowerCase() === step.toLowerCase())
    if (same) walk(object[key], steps, index + 1, found)
  }
}

/** Returns the values that a locator points at; empty if the request has none. */
export function valuesAt(parts: RequestParts, { from, steps }: Locator): readonly Document[] {
  const name = steps[0] as string
  switch (from) {
    case 'b': {
      if (parts.body === undefined) return NOTHING
      const found: Document[] = []
      walk(parts.body, steps, 0, found)
      return found
    }
    case 'h':
      return parts.headers.all(name)
    case 'q':
      return parts.query.get(name) ?? NOTHING
    case 'u': {
      const label = parts.labels.get(name)
      return label === undefined ? NOTHING : [label]
    }
    default:
      return NOTHING
  }
}
