/** Finds the tags that a call names. */
import type { Locator } from '../catalogue/types.ts'
import { type RequestParts, valuesAt } from './locate.ts'
import { parseQuery } from '../protocols/query.ts'
import { singleText, type Document } from '../protocols/tree.ts'

/** Returns the tag keys that the call sets or removes. */
export function tagKeys(places: readonly Locator[], parts: RequestParts): string[] {
  return places.flatMap((at) =>
    valuesAt(parts, at).flatMap((value) => {
      if (typeof value !== 'string') return []
      // S3 sends the tags of an upload in a header, spelled as a query string.
      if (at.from === 'h') return [...(parseQuery(value)?.keys() ?? [value])]
      return [value]
    }),
  )
}

/** Matches the member that holds the value of a tag, in every spelling of the models. */
const VALUE = /^(tag)?value$/i

function pairsIn(node: Document, key: string): (readonly [string, string])[] {
  if (typeof node !== 'object' || node === null || Array.isArray(node)) return []
  const entries = Object.entries(node)
  if (key === '@') return entries.map(([name, value]) => [name, singleText(value)])
  const named = entries.filter(([name]) => name.toLowerCase() === key.toLowerCase())
  const values = entries.filter(([name]) => VALUE.test(name))
  return named.flatMap(([, name]) =>
    typeof name === 'string' ? values.map(([, value]) => [name, singleText(value)] as const) : [],
  )
}

/** Returns the tags that the call sets, as key and value; tags that it only removes are left out. */
export function tagPairs(places: readonly Locator[], parts: RequestParts): (readonly [string, string])[] {
  return places.flatMap(({ from, steps }) => {
    const key = steps.at(-1) ?? ''
    if (from === 'b' && steps.length > 1) {
      return valuesAt(parts, { from, steps: steps.slice(0, -1) }).flatMap((node) => pairsIn(node, key))
    }
    if (from !== 'h') return []
    return valuesAt(parts, { from, steps }).flatMap((text) =>
      [...(parseQuery(singleText(text)) ?? [])].flatMap(([name, values]) =>
        values.map((value) => [name, value] as const),
      ),
    )
  })
}
