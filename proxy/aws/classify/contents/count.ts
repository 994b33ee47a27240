/** Counts the things that a call touches. */
import type { Locator, Operation } from '../../catalogue/types.ts'
import { type RequestParts, valuesAt } from '../../resources/locate.ts'

/** Returns the longest of the operation's lists (their product if they multiply) or the number it gives; at least 1. */
export function countOf({ counts }: Pick<Operation, 'counts'>, parts: RequestParts): number {
  let most = 1
  for (const product of counts) {
    let count = 1
    for (const each of product) count *= each.isNumber ? numberAt(each, parts) : lengthOf(each, parts)
    if (count > most) most = count
  }
  return most
}

/** Returns a list's length; if its items are spelled in another way (`.member.N`), the length of the parameter above. */
function lengthOf({ from, steps }: Locator, parts: RequestParts): number {
  const { length } = valuesAt(parts, { from, steps })
  return length > 0 ? length : valuesAt(parts, { from, steps: steps.slice(0, 1) }).length
}

/** More than any account may have. It stands for a number that a service may read in its own way. */
const MANY = 1_000_000

/** Returns the number given: 1 if there is none, `MANY` if it is not a plain number. */
function numberAt(at: Locator, parts: RequestParts): number {
  let most = 1
  for (const value of valuesAt(parts, at)) {
    if (value === null || value === '') continue
    const given = typeof value === 'object' ? Number.NaN : Number(value)
    most = Math.max(most, Number.isFinite(given) ? Math.min(Math.ceil(given), MANY) : MANY)
  }
  return most
}
