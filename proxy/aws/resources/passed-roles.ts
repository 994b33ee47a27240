/** Finds the roles that a call passes to a service, which can later act with them unasked. */
import { ANY, type ArnPlace } from './arns.ts'
import type { Locator, Operation } from '../catalogue/types.ts'
import { type RequestParts, valuesAt } from './locate.ts'
import type { Document } from '../protocols/tree.ts'

/** The action that IAM also requires (IAM user guide, "Grant permissions to pass a role"). */
export const PASS_ROLE = 'iam:PassRole'

/** The most roles that a real request names; more stand for any role. */
const LIMIT = 100
const ROLE_ARN = /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/
/** Matches a role's path and name (IAM quotas: 512 and 64 characters). */
const ROLE_NAME = /^\/?[\w+=,.@/-]{1,576}$/

function roleOf(value: Document, { partition, accountId = ANY }: ArnPlace): string {
  if (typeof value !== 'string') return ANY
  if (ROLE_ARN.test(value)) return value
  return ROLE_NAME.test(value) ? `arn:${partition}:iam::${accountId}:role/${value.replace(/^\//, '')}` : ANY
}

/** Returns the values at these places; null and empty text are no value to a service. */
function given(parts: RequestParts, places: readonly Locator[]): Document[] {
  return places.flatMap((at) => valuesAt(parts, at)).filter((each) => each !== null && each !== '')
}

/** Returns the ARNs of the roles passed, `*` if the request does not tell; empty if it passes none. */
export function passedRoles({ passes }: Operation, parts: RequestParts, place: ArnPlace): readonly string[] {
  if (passes.roles.length === 0 && passes.profiles.length === 0) return []
  const named = given(parts, passes.roles)
  if (named.length > LIMIT) return [ANY]
  const roles = named.map((each) => roleOf(each, place))
  if (given(parts, passes.profiles).length > 0) roles.push(ANY)
  return [...new Set(roles)]
}
