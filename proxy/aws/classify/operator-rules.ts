/**
 * What operators say of calls beyond the catalogue: other classes for an operation or a resource, and tags that mean
 * something (rule S16).
 */
import { type ActionClass, severest, natureOf, type Trait } from '../../core/action-class.ts'
import type { Call } from '../../core/call.ts'
import { ANY } from '../resources/arns.ts'
import type { Operation } from '../catalogue/types.ts'
import type { RequestParts } from '../resources/locate.ts'
import { tagKeys } from '../resources/tag-keys.ts'

/** One entry of `catalogue.overrides`. */
export interface ClassOverride {
  /** `service:Operation`; `*` for any operation of the service, or any service. */
  readonly operation: string
  /** ARN patterns, one of which a resource of the call matches; any resource if absent. */
  readonly resources?: readonly string[] | undefined
  /** In place of the catalogue's classes. */
  readonly classes?: readonly ActionClass[] | undefined
  /** Beside them: classes and traits. */
  readonly add?: readonly (ActionClass | Trait)[] | undefined
}

export interface OperatorRules {
  /** Tag keys, in lower case, that policy, grants or automation go by. */
  readonly guardedTags: ReadonlySet<string>
  readonly overrides: readonly ClassOverride[]
  /** Whether a pattern covers the ARN, as grants are matched. */
  readonly covers: (patterns: readonly string[], arn: string) => boolean
}

export const NO_OPERATOR_RULES: OperatorRules = {
  guardedTags: new Set(),
  overrides: [],
  covers: () => false,
}

/** Operations that put a whole set of tags, or none, in place of another: what is not named goes too. */
const REPLACES_TAGS = /^(Put|Delete)(Bucket|Object|Job|StorageLensConfiguration)Tagging$/

function touchesGuardedTag(
  operation: Operation,
  parts: RequestParts,
  { guardedTags }: OperatorRules,
): boolean {
  if (guardedTags.size === 0) return false
  if (REPLACES_TAGS.test(operation.name)) return true
  return tagKeys(operation.tags, parts).some((key) => guardedTags.has(key.toLowerCase()))
}

function isAbout({ operation }: ClassOverride, call: Call): boolean {
  const [service = '', name = ''] = operation.split(':')
  if (service !== '*' && service !== call.service && service !== call.model) return false
  return name === '*' || name === call.operation
}

/** Other classes are only for a call all of whose resources match; more classes for one that may touch a match. */
function replaces({ resources }: ClassOverride, call: Call, { covers }: OperatorRules): boolean {
  return resources === undefined || call.resources.every((each) => covers(resources, each))
}

function adds({ resources }: ClassOverride, call: Call, { covers }: OperatorRules): boolean {
  return resources === undefined || call.resources.some((each) => each === ANY || covers(resources, each))
}

/** The call with what operators say of it; the same object if they say nothing. Pure. */
export function withOperatorRules(
  call: Call,
  operation: Operation,
  parts: RequestParts,
  rules: OperatorRules,
): Call {
  const guarded = touchesGuardedTag(operation, parts, rules)
  const overrides = rules.overrides.filter((each) => isAbout(each, call))
  if (!guarded && overrides.length === 0) return call
  let classes: readonly string[] = call.classes
  for (const each of overrides)
    if (each.classes !== undefined && replaces(each, call, rules)) classes = each.classes
  const added = overrides.flatMap((each) => (adds(each, call, rules) ? (each.add ?? []) : []))
  const said = new Set<string>([...classes, ...call.traits, ...added])
  if (guarded) {
    said.delete('tagging')
    said.add('protection')
  }
  const nature = natureOf(said)
  return { ...call, ...nature, class: severest(nature.classes) }
}
