/** Turns patterns of ARNs as grants have them into those that IAM takes. Pure. */
import { arnMatch } from '../../policy/arn-match.ts'
import type { PolicyRow } from './policy-text.ts'

/** More pairs of patterns are not held against each other: an agent names them. */
const MAX_PAIRS = 20_000

/** Returns what all lists allow; undefined if there are none, or too many patterns to tell. */
export function meetAll(lists: readonly (readonly PolicyRow[])[]): readonly PolicyRow[] | undefined {
  let [met] = lists
  for (const each of lists.slice(1)) {
    if (met === undefined || met.length * each.length > MAX_PAIRS) return undefined
    met = meet(met, each)
  }
  return met
}

/** Returns what both lists allow. Of two patterns the narrower is taken; what two only overlap in is left out. */
function meet(one: readonly PolicyRow[], other: readonly PolicyRow[]): PolicyRow[] {
  return one.flatMap((a) =>
    other.flatMap((b) => {
      const resource = narrower(a.resource, b.resource)
      if (resource === undefined) return []
      const actions = a.actions.flatMap((each) => b.actions.flatMap((its) => narrower(each, its) ?? []))
      return actions.length === 0 ? [] : [{ actions: [...new Set(actions)], resource }]
    }),
  )
}

function narrower(one: string, other: string): string | undefined {
  if (arnMatch([one], other)) return other
  return arnMatch([other], one) ? one : undefined
}

/** Tells whether IAM could take the pattern for a resource, of whatever service. */
export function isSayable(pattern: string): boolean {
  return (
    pattern === '*' ||
    (pattern.startsWith('arn:') && (pattern.split(':').length >= 6 || pattern.endsWith('*')))
  )
}

/** Says which ARNs are meant: of one partition, and of these services where a pattern does not name one. */
export interface PatternPlace {
  readonly partition: string
  readonly services: readonly string[]
}

/**
 * Returns a grant's pattern as IAM takes it: six parts, of which partition and service are names. Empty if it is about
 * another partition, or cannot be said so.
 */
export function arnsOf(pattern: string, { partition, services }: PatternPlace): string[] {
  if (pattern === '*') return ['*']
  if (!isSayable(pattern)) return []
  const parts = pattern.split(':')
  while (parts.length < 6) parts.push('*')
  const [, inPartition = '', ofService = '', ...rest] = parts
  if (!arnMatch([inPartition], partition)) return []
  const named = ofService.includes('*') ? services.filter((each) => arnMatch([ofService], each)) : [ofService]
  return named.map((each) => ['arn', partition, each, ...rest].join(':'))
}

/** Tells whether the pattern is one of a certain service, or of all. */
export function namesService(pattern: string): boolean {
  return pattern === '*' || pattern.split(':')[2]?.includes('*') === false
}

/** Tells whether an ARN of `arnsOf` is of one of these services. */
export function isOf(arn: string, services: readonly string[]): boolean {
  return arn === '*' || services.includes(arn.split(':')[2] ?? '')
}
