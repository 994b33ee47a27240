/** Evaluates rules on a call's parameters, which can make it more severe than its name says. */
import type { ConditionalRule } from '../catalogue/types.ts'
import { singleText, type Document } from '../protocols/tree.ts'
import type { ArnPlace } from './arns.ts'
import { type RequestParts, valuesAt } from './locate.ts'

function text(value: Document): string {
  return singleText(value).trim().toLowerCase()
}

/** Counts the leaves of the tree that are true. */
function trues(value: Document): number {
  if (typeof value !== 'object' || value === null) return text(value) === 'true' ? 1 : 0
  let count = 0
  for (const each of Object.values(value)) count += trues(each)
  return count
}

/**
 * Compares towards the more severe side, since services parse booleans and numbers differently: everything but `true`
 * is false, everything but `false` is true, and everything below 1 is zero (0.5 may be cut to it).
 */
function equals(value: Document, wanted: string): boolean {
  if (wanted === 'false') return singleText(value) !== 'true'
  if (wanted === 'true') return singleText(value) !== 'false'
  if (wanted === '0') return !(Number(singleText(value)) >= 1)
  return text(value) === wanted.toLowerCase()
}

const EXCEPT = 'except '

/** Matches a DynamoDB condition that holds only if there is no item: without any `OR` or `NOT`. */
const CREATES = /^\s*attribute_not_exists\s*\(\s*[#\w.]+\s*\)(\s+AND\s(?:(?!\bOR\b|\bNOT\b).)*)?$/i

/** Tells whether a key's ARN is in another account, or in one that is not known to be ours. */
function isForeign(value: Document, account: string | undefined): boolean {
  const owner = /^arn:[^:]*:[^:]*:[^:]*:([^:]*):/.exec(singleText(value))?.[1]
  return owner !== undefined && owner !== account
}

/**
 * Tells whether the predicate of a rule holds: `creates` (a DynamoDB condition that no item exists), `foreign` (an ARN
 * of another account), `exists`, `absent` (services read null as absent), `anyFalse` (fewer than four settings are
 * true), `=x`, `!=x` (absent, or another value), `<>x` (another value), `except x y z` (a value that is none of these).
 */
export function holds(
  { at, predicate }: ConditionalRule,
  parts: RequestParts,
  { accountId }: Pick<ArnPlace, 'accountId'>,
): boolean {
  const values = valuesAt(parts, at)
  switch (predicate) {
    case 'creates':
      return values.some((each) => CREATES.test(singleText(each)))
    case 'foreign':
      return values.some((each) => isForeign(each, accountId))
    case 'exists':
      return values.length > 0
    case 'absent':
      return values.every((each) => each === null)
    case 'anyFalse':
      return values.reduce<number>((sum, each) => sum + trues(each), 0) < 4
    default:
  }
  if (predicate.startsWith(EXCEPT)) {
    const mild = predicate.slice(EXCEPT.length).toLowerCase().split(' ')
    return values.some((each) => each !== null && !mild.includes(text(each)))
  }
  if (predicate.startsWith('=')) return values.some((each) => equals(each, predicate.slice(1)))
  const other = predicate.slice(2)
  const differs = values.some((each) => text(each) !== other.toLowerCase())
  return differs || (predicate.startsWith('!=') && values.length === 0)
}
