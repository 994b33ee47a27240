/** How many things a call touches. */
import type { Locator, Operation } from './catalogue/catalogue.ts'
import { valuesAt } from './locate.ts'
import type { Parts } from './locate.ts'

/** The longest of the operation's lists (products for lists that multiply); never below 1. */
export function countOf(operation: Operation, parts: Parts): number {
  let most = 1
  for (const product of operation.counts) {
    let count = 1
    for (const list of product) count *= lengthOf(list, parts)
    if (count > most) most = count
  }
  return most
}

/** The list's length; where its items are spelled in another way (`.member.N`), that of the parameter above them. */
function lengthOf({ from, steps }: Locator, parts: Parts): number {
  const { length } = valuesAt(parts, { from, steps })
  return length > 0 ? length : valuesAt(parts, { from, steps: steps.slice(0, 1) }).length
}
