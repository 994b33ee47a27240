/** How many things a call touches. */
import type { Operation } from './catalogue/catalogue.ts'
import { valuesAt } from './locate.ts'
import type { Parts } from './locate.ts'

/** The longest of the operation's lists (products for lists that multiply); never below 1. */
export function countOf(operation: Operation, parts: Parts): number {
  let most = 1
  for (const product of operation.counts) {
    let count = 1
    for (const list of product) count *= valuesAt(parts, list).length
    if (count > most) most = count
  }
  return most
}
