/**
 * Applies the operators' own rules to calls: other classes for an operation or a resource, and tags with a meaning
 * (rule S16).
 */
import { restricts } from '../../../policy/restricts.ts'
import { ACTION_CLASSES, type ActionClass, severest, natureOf, type Trait } from '../../core/action-class.ts'
import type { Call } from '../../core/call.ts'
import { ANY } from '../resources/arns.ts'
import type { Operation } from '../catalogue/types.ts'
import type { RequestParts } from '../resources/locate.ts'
import { tagKeys } from '../resources/tag-keys.ts'

/** A ClassOverride is one entry of `catalogue.overrides`. */
export interface ClassOverride {
  /** Its name in the configuration, or its place there. */
  readonly name?: string | undefined
  /** `service:Operation`; `*` for any operation of the service, or any service. */
  readonly operation: string
  /** ARN patterns, one of which a resource of the call matches; any resource if absent. */
  readonly resources?: readonly string[] | undefined
  /** Classes that replace the catalogue's. */
  readonly classes?: readonly ActionClass[] | undefined
  /** Classes and traits that are added. */
  readonly add?: readonly (ActionClass | Trait)[] | undefined
}

/** Holds what operators configured about calls. */
export interface OperatorRules {
  /** Tag keys, in lower case, that policy, grants or automation depend on. */
  readonly guardedTags: ReadonlySet<string>
  readonly overrides: readonly ClassOverride[]
  /** Tells whether a pattern covers the ARN, by the rules for grants. */
  readonly covers: (patterns: readonly string[], arn: string) => boolean
}

/** Holds no rules, for callers without a configuration. */
export const NO_OPERATOR_RULES: OperatorRules = {
  guardedTags: new Set(),
  overrides: [],
  covers: () => false,
}

/** Matches operations that replace or remove a whole set of tags: tags that are not named are removed too. */
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

/** Tells whether classes are replaced, which may make the call milder: only if all its resources match, exactly. */
function replaces({ resources }: ClassOverride, call: Call, { covers }: OperatorRules): boolean {
  return resources === undefined || call.resources.every((each) => covers(resources, each))
}

/** Tells whether the entry may be about a resource of the call, under whatever name and in whatever case (rule S25). */
function mayBeAbout({ resources }: ClassOverride, call: Call): boolean {
  return resources === undefined || call.resources.some((each) => each === ANY || restricts(resources, each))
}

/** Returns the classes that replace those of the call: all if the entry is surely about it, only graver ones if it may be. */
function replaced(entry: ClassOverride, call: Call, before: readonly string[], rules: OperatorRules) {
  const { classes } = entry
  if (classes === undefined) return before
  if (replaces(entry, call, rules)) return classes
  if (!mayBeAbout(entry, call)) return before
  const gravity = ACTION_CLASSES.indexOf(call.class)
  return [...before, ...classes.filter((each) => ACTION_CLASSES.indexOf(each) > gravity)]
}

/** Names in records the setting by which a call that tags is `protection`. */
const GUARDED_TAGS = 'catalogue.guardedTags'

/** Tells whether the entry has a say about the call's classes or traits. */
function applies(entry: ClassOverride, call: Call, rules: OperatorRules): boolean {
  return mayBeAbout(entry, call) || (entry.classes !== undefined && replaces(entry, call, rules))
}

/** Returns the call with the operators' rules applied; the same object if none applies. Pure. */
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
  for (const each of overrides) classes = replaced(each, call, classes, rules)
  const added = overrides.flatMap((each) => (mayBeAbout(each, call) ? (each.add ?? []) : []))
  const said = new Set<string>([...classes, ...call.traits, ...added])
  if (guarded) {
    said.delete('tagging')
    said.add('protection')
  }
  const nature = natureOf(said)
  const names = overrides.filter((each) => applies(each, call, rules)).map(({ name = '' }) => name)
  if (guarded) names.push(GUARDED_TAGS)
  const changed = names.length === 0 ? undefined : names
  return { ...call, ...nature, class: severest(nature.classes), overrides: changed }
}
