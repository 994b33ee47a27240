/** Rules on a call's parameters: when they make it graver than its name says. */
import type { Rule } from './catalogue/catalogue.ts'
import type { Document } from './tree.ts'
import { valuesAt } from './locate.ts'
import type { Parts } from './locate.ts'

function text(value: Document): string {
  return typeof value === 'object' ? '' : String(value).trim().toLowerCase()
}

/** How many leaves of the tree say true. */
function trues(value: Document): number {
  if (typeof value !== 'object' || value === null) return text(value) === 'true' ? 1 : 0
  let count = 0
  for (const each of Object.values(value)) count += trues(each)
  return count
}

/**
 * Equality errs to the graver side, since services differ in what they take for a boolean or a number: everything
 * but `true` is false, everything but `false` is true, everything that is not a positive number is zero.
 */
function equals(value: Document, wanted: string): boolean {
  const given = text(value)
  if (wanted === 'false') return given !== 'true' && given !== '1'
  if (wanted === 'true') return given !== 'false' && given !== '0'
  if (wanted === '0') return !(Number(given) > 0)
  return given === wanted.toLowerCase()
}

/**
 * `exists`, `absent`, `anyFalse` (fewer than four settings are true), `=x`, `!=x` (absent, or another value),
 * `<>x` (another value).
 */
export function holds({ at, predicate }: Rule, parts: Parts): boolean {
  const values = valuesAt(parts, at)
  switch (predicate) {
    case 'exists':
      return values.length > 0
    case 'absent':
      return values.length === 0
    case 'anyFalse':
      return values.reduce<number>((sum, each) => sum + trues(each), 0) < 4
    default:
  }
  if (predicate.startsWith('=')) return values.some((each) => equals(each, predicate.slice(1)))
  const other = predicate.slice(2)
  const differs = values.some((each) => text(each) !== other.toLowerCase())
  return differs || (predicate.startsWith('!=') && values.length === 0)
}
