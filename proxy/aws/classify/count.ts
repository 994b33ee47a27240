/** How many things a call touches. */
import type { Locator, Operation } from '../catalogue/types.ts'
import { type RequestParts, valuesAt } from '../resources/locate.ts'

/** The longest of the operation's lists (products for what multiplies) or the number that it gives; never below 1. */
export function countOf(operation: Operation, parts: RequestParts): number {
  let most = 1
  for (const product of operation.counts) {
    let count = 1
    for (const each of product) count *= each.isNumber ? numberAt(each, parts) : lengthOf(each, parts)
    if (count > most) most = count
  }
  return most
}

/** The list's length; where its items are spelled in another way (`.member.N`), that of the parameter above them. */
function lengthOf({ from, steps }: Locator, parts: RequestParts): number {
  const { length } = valuesAt(parts, { from, steps })
  return length > 0 ? length : valuesAt(parts, { from, steps: steps.slice(0, 1) }).length
}

/** More than any account may have; what a service makes of a stranger number is not known. */
const MANY = 1_000_000

/** The number that stands there: 1 if none does, many where it is no plain number. */
function numberAt(at: Locator, parts: RequestParts): number {
  let most = 1
  for (const value of valuesAt(parts, at)) {
    if (value === null || value === '') continue
    const given = typeof value === 'object' ? Number.NaN : Number(value)
    most = Math.max(most, Number.isFinite(given) ? Math.min(Math.ceil(given), MANY) : MANY)
  }
  return most
}
