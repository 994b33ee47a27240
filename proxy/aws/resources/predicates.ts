/** Evaluates the predicates of rules on the values that a request has at one place. */
import { singleText, type Document } from '../protocols/tree.ts'
import type { ArnPlace } from './arns.ts'

type Account = Pick<ArnPlace, 'accountId'>

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

/** Matches a DynamoDB condition that holds only if there is no item: without any `OR` or `NOT`. */
const CREATES = /^\s*attribute_not_exists\s*\(\s*[#\w.]+\s*\)(\s+AND\s(?:(?!\bOR\b|\bNOT\b).)*)?$/i
const OWNER = /^arn:[^:]*:[^:]*:[^:]*:([^:]*):/
const ACCOUNT = /^\d{12}$/
const WORLD = /(^|[^\d.])0\.0\.0\.0\/0($|\D)|(^|[^\da-f:])::\/0($|\D)/i

/**
 * Tells whether an ARN, or the number of an account, is of another account, or of one that is not known to be ours.
 * What AWS owns is not.
 */
function isForeign(value: Document, account: string | undefined): boolean {
  const given = singleText(value)
  const owner = ACCOUNT.test(given) ? given : OWNER.exec(given)?.[1]
  return owner !== undefined && owner !== account && owner !== 'aws'
}

/** Tells whether nothing is in a list, a map, a structure or a text. */
export function isEmpty(value: Document): boolean {
  if (typeof value !== 'object' || value === null) return singleText(value) === ''
  return Object.keys(value).length === 0
}

function has(value: Document, words: readonly string[]): boolean {
  const given = text(value)
  return words.some((each) => given.includes(each))
}

/** Tells whether a value is below a number; a value that is no number may be. */
function isBelow(value: Document, limit: number): boolean {
  return !(Number(singleText(value)) >= limit)
}

/** Returns the test of one value that a predicate means; undefined if the predicate asks for something else. */
function testOf(predicate: string, { accountId }: Account): ((value: Document) => boolean) | undefined {
  const rest = predicate.slice(1)
  if (predicate === 'creates') return (each) => CREATES.test(singleText(each))
  if (predicate === 'foreign') return (each) => isForeign(each, accountId)
  if (predicate === 'everybody') return (each) => WORLD.test(singleText(each))
  if (predicate === 'empty') return isEmpty
  if (predicate.startsWith('=')) {
    if (!rest.includes('|')) return (each) => equals(each, rest)
    const wanted = rest.toLowerCase().split('|')
    return (each) => wanted.includes(text(each))
  }
  if (predicate.startsWith('~')) {
    const words = rest.split('|')
    return (each) => has(each, words)
  }
  if (predicate.startsWith('<') && !predicate.startsWith('<>')) return (each) => isBelow(each, Number(rest))
  return undefined
}

/** Tells whether a predicate can hold if the request has no value at the place. */
export function holdsForNothing(predicate: string): boolean {
  return predicate === 'absent' || predicate === 'anyFalse' || predicate.startsWith('!=')
}

/**
 * Tells whether a predicate holds for the values at a place. `creates`: a DynamoDB condition that no item exists.
 * `foreign`: an ARN or the number of another account. `everybody`: a CIDR of every address. `exists`. `empty`: a list,
 * a structure or a text with nothing in it. `absent`: services read null as absent. `anyFalse`: fewer than four
 * settings are true. `=x|y`: one of these. `!=x`: absent, or another value. `<>x|y`: another value than these. `<5`:
 * below 5. `~x|y`: contains one of these, in lower case.
 */
export function satisfies(predicate: string, values: readonly Document[], account: Account): boolean {
  switch (predicate) {
    case 'exists':
      return values.length > 0
    case 'absent':
      return values.every((each) => each === null)
    case 'anyFalse':
      return values.reduce<number>((sum, each) => sum + trues(each), 0) < 4
    default:
  }
  const test = testOf(predicate, account)
  if (test !== undefined) return values.some(test)
  const others = predicate.slice(2).toLowerCase().split('|')
  const differs = values.some((each) => !others.includes(text(each)))
  return differs || (predicate.startsWith('!=') && values.length === 0)
}
