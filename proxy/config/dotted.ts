/** Values in a document by dotted path. Pure. */

/** Returns the value at a dotted path; undefined where there is none. */
export function getAt(document: unknown, path: string): unknown {
  let at = document
  for (const key of path.split('.')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined
    at = (at as Record<string, unknown>)[key]
  }
  return at
}

/** Sets the value at a dotted path, and makes maps on the way. */
export function setAt(document: Record<string, unknown>, path: string, value: unknown): void {
  const keys = path.split('.')
  const last = keys.pop() ?? path
  let at = document
  for (const key of keys) {
    const inner = at[key]
    if (typeof inner === 'object' && inner !== null && !Array.isArray(inner))
      at = inner as Record<string, unknown>
    else at = at[key] = {}
  }
  at[last] = value
}

/** Returns the dotted paths of everything that is not a map; a list counts as one value. */
export function leafPaths(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [path]
  return Object.entries(value).flatMap(([key, inner]) =>
    leafPaths(inner, path === '' ? key : `${path}.${key}`),
  )
}
