/** Decodes the query string into every value of every key. */
import { splitPair } from '../../core/http/query-pair.ts'

export type QueryKeys = ReadonlyMap<string, readonly string[]>

const NONE: QueryKeys = new Map()

/** Decodes percent escapes; undefined if they are not valid UTF-8. */
export function decode(text: string): string | undefined {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** Parses a query string; returns undefined if it cannot be decoded. A `+` was a space, and is `%20` by now. */
export function parseQuery(query: string): QueryKeys | undefined {
  if (query === '') return NONE
  const keys = new Map<string, string[]>()
  for (const pair of query.split('&')) {
    if (pair === '') continue
    const [encodedKey, encodedValue] = splitPair(pair)
    const key = decode(encodedKey)
    const value = decode(encodedValue)
    if (key === undefined || value === undefined) return undefined
    const values = keys.get(key)
    if (values === undefined) keys.set(key, [value])
    else values.push(value)
  }
  return keys
}
