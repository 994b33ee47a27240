/** The roles that a call hands to a service, which then acts as them when nobody is asked any more. */
import { ANY, type ArnPlace } from './arns.ts'
import type { Locator, Operation } from '../catalogue/types.ts'
import { type RequestParts, valuesAt } from './locate.ts'
import type { Document } from '../protocols/tree.ts'

/** The action that IAM asks for besides the operation's own (IAM user guide, "Grant permissions to pass a role"). */
export const PASS_ROLE = 'iam:PassRole'

/** As many as one request names at most; more is nobody's honest call, and stands for any role. */
const LIMIT = 100
const ROLE_ARN = /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/
/** A role's path and name (IAM quotas: 512 and 64 characters). */
const ROLE_NAME = /^\/?[\w+=,.@/-]{1,576}$/

function roleOf(value: Document, { partition, accountId = ANY }: ArnPlace): string {
  if (typeof value !== 'string') return ANY
  if (ROLE_ARN.test(value)) return value
  return ROLE_NAME.test(value) ? `arn:${partition}:iam::${accountId}:role/${value.replace(/^\//, '')}` : ANY
}

/** What is given at these places; null and nothing are no value, to a service. */
function given(parts: RequestParts, places: readonly Locator[]): Document[] {
  return places.flatMap((at) => valuesAt(parts, at)).filter((each) => each !== null && each !== '')
}

/** ARNs of the roles passed, `*` where the request does not tell; empty if it passes none. */
export function passedRoles({ passes }: Operation, parts: RequestParts, place: ArnPlace): readonly string[] {
  if (passes.roles.length === 0 && passes.profiles.length === 0) return []
  const named = given(parts, passes.roles)
  if (named.length > LIMIT) return [ANY]
  const roles = named.map((each) => roleOf(each, place))
  if (given(parts, passes.profiles).length > 0) roles.push(ANY)
  return [...new Set(roles)]
}
