/** The tags that a call names. */
import type { Locator } from './catalogue/catalogue.ts'
import { valuesAt } from './locate.ts'
import type { Parts } from './locate.ts'
import { parseQuery } from './query.ts'

/** Tag keys that the call sets or removes. */
export function tagKeys(places: readonly Locator[], parts: Parts): string[] {
  return places.flatMap((at) =>
    valuesAt(parts, at).flatMap((value) => {
      if (typeof value !== 'string') return []
      // S3 sends the tags of an upload in a header, spelled as a query string.
      if (at.from === 'h') return [...(parseQuery(value)?.keys() ?? [value])]
      return [value]
    }),
  )
}
