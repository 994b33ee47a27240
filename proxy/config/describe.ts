/** A configuration as it may be shown: sources beside values, secrets masked. Pure. */
import type { LoadedConfig } from './loaded.ts'

/** Dotted paths of everything that is not a map; lists count as one value. */
export function leafPaths(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [path]
  return Object.entries(value).flatMap(([key, inner]) =>
    leafPaths(inner, path === '' ? key : `${path}.${key}`),
  )
}

/** The configuration in force for people: sources beside values, secrets masked. */
export function describeConfig({
  config,
  sources,
}: LoadedConfig): { path: string; value: unknown; source: string }[] {
  return leafPaths(config)
    .filter((path) => path !== '')
    .map((path) => {
      const value = path
        .split('.')
        .reduce<unknown>((inner, key) => (inner as Record<string, unknown>)[key], config)
      const source = [...sources].find(
        ([known]) => path === known || path.startsWith(`${known}.`) || known.startsWith(`${path}.`),
      )
      return { path, value: mask(path, value), source: source?.[1] ?? 'default' }
    })
}

/** A value of the setting as it may be shown. */
export function mask(path: string, value: unknown): unknown {
  if (/(secretAccessKey|sessionToken|admin\.token|tokenSha256)$/.test(path))
    return value === undefined ? undefined : '***'
  if (path === 'state.url' && typeof value === 'string') return value.replace(/\/\/.*@/, '//***@')
  if (Array.isArray(value)) return value.map((each) => mask(path, each))
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, mask(`${path}.${key}`, inner)]),
    )
  }
  return value
}
