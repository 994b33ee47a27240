/** Binds the variables of IAM's ARN templates to the request members that hold them, by name. */
import type { RawResource } from './format.ts'
import type { OperationAuthorization } from './levels.ts'
import { type ServiceModel, stringMembers, type TopMember, wireLocation } from './model.ts'
import type { Overrides } from './overrides.ts'
import type { IamService } from './sources.ts'
import { bindNew, resourceTypeName, UNKNOWN, variablesOf } from './templates.ts'

const SUFFIXES = ['', 'id', 'name', 'identifier', 'arn']

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '')
}

/** Lists stems that do not say what they identify; the resource type does. */
const GENERIC = new Set(['resource', 'resourcepath', 'relative', 'key', 'entity', 'object', 'friendly', ''])

function stemOf(text: string): string {
  return text.replace(/(identifier|name|id|arn)$/, '')
}

/** Returns the nouns that a variable may have, in plain letters. */
function stemsFor(type: string, variable: string): Set<string> {
  const noun = plain(type.replace(/\/.*$/, ''))
  const stem = plain(variable).replace(/(withpath|withoutleadingslash)$/, '')
  const stems = new Set([stem, stemOf(stem)])
  if (GENERIC.has(stemOf(stem)) || noun.includes(stemOf(stem)) || stem.includes(noun)) {
    stems.add(noun)
    stems.add(noun.replace(/resource$/, ''))
  }
  stems.delete('')
  return stems
}

function namesFor(stems: ReadonlySet<string>): Set<string> {
  const names = new Set<string>()
  for (const each of stems) for (const suffix of SUFFIXES) names.add(each + suffix).add(`${each}${suffix}s`)
  return names
}

interface Context {
  readonly members: readonly TopMember[]
  readonly overrides: Overrides
  readonly operation: string
  /** IAM names one resource type for the action, so any identifier identifies a resource of this type. */
  readonly only: boolean
  /** The template has one variable. */
  readonly single: boolean
}

function find(context: Context, wanted: (member: TopMember) => boolean): string | undefined {
  const found = context.members.filter(wanted).map((each) => each.location)
  return found.length === 0 ? undefined : found.join('|')
}

/**
 * Tells whether a member's name ends in the noun, without `Id` or `Name`: `SourceDBClusterSnapshotIdentifier` fits a
 * cluster snapshot. `RuleArn` fits a listener rule: an ARN has its type in itself.
 */
function endsIn(member: TopMember, stems: ReadonlySet<string>): boolean {
  const whole = plain(member.name).replace(/s$/, '')
  const name = stemOf(whole)
  const isArn = whole.endsWith('arn') && name.length >= 4
  return [...stems].some(
    (each) => (each.length >= 4 && name.endsWith(each)) || (isArn && each.endsWith(name)),
  )
}

function bindVariable(context: Context, prefix: string, type: string, variable: string): string | undefined {
  const hand = context.overrides.variables[`${prefix}.${type}.${variable}`]
  if (hand !== undefined) return find(context, (member) => hand.includes(member.name))
  const stems = stemsFor(type, variable)
  const names = namesFor(stems)
  const ofShape = (shape: string) => names.has(shape) && !GENERIC.has(stemOf(shape))
  const named = find(context, (m) => names.has(plain(m.name)) || ofShape(plain(m.shapeName)))
  if (named !== undefined) return named
  const ending = find(context, (member) => endsIn(member, stems))
  if (ending !== undefined) return ending
  return bindByNoun(context, type, variable, stems)
}

/** Tells whether a variable identifies a resource of the type, unlike its version, alias or owner. */
function identifies(context: Context, type: string, variable: string): boolean {
  const stem = stemOf(plain(variable))
  return context.single || GENERIC.has(stem) || stem === plain(type)
}

/** Binds by the noun of the operation: `Id` of `DeleteIndex`; `ApplicationId` of `DeleteApp`, if nothing else is required. */
function bindByNoun(
  context: Context,
  type: string,
  variable: string,
  stems: ReadonlySet<string>,
): string | undefined {
  const noun = plain(context.operation.replace(/^[A-Z][a-z]+/, ''))
  const about = noun.startsWith(plain(type)) || plain(type).startsWith(noun)
  const required = context.members.filter((member) => member.required)
  if (about || context.only) {
    // An ARN has its type in itself, and one of another service adds `*`.
    const arns = required.filter((member) => /arn$/i.test(member.name) && !/role_?arn$/i.test(member.name))
    const bare = arns.find((member) => /^arn$/i.test(member.name))
    if (bare !== undefined) return bare.location
    if (context.only && arns.length === 1) return arns[0]?.location
  }
  if (!identifies(context, type, variable)) return undefined
  if (about) {
    const itself = required.filter((member) => /^(name|id|identifier)$/i.test(member.name))
    if (itself.length > 0) return itself.map((each) => each.location).join('|')
  }
  const [sole] = required
  if (sole === undefined || required.length > 1 || !context.only) return undefined
  const name = stemOf(plain(sole.name))
  const alike = [...stems].some(
    (each) => each.length > 2 && (name.startsWith(each) || each.startsWith(name) || each.endsWith(name)),
  )
  return alike && name.length > 2 ? sole.location : undefined
}

/** Tells whether a member fits a variable: in an ARN of several parts, a name is no id and an id no name. */
function isFit(variable: string, member: string): boolean {
  if (/(id|uuid)$/i.test(variable)) return !/name$/i.test(member)
  return !/name$/i.test(variable) || !/id$/i.test(member)
}

/**
 * Returns `variable -> location` for a template; undefined if no variable has a member. One member does not fill two
 * variables: it fills the last, which is the resource's own, and those before it are then unknown.
 */
function bindTemplate(context: Context, prefix: string, type: string, template: string) {
  const variables = variablesOf(template)
  const single = variables.length === 1
  const locations = variables.map((each) => {
    const members = single ? context.members : context.members.filter((member) => isFit(each, member.name))
    return bindVariable({ ...context, members, single }, prefix, type, each) ?? UNKNOWN
  })
  if (variables.length > 0 && locations.every((each) => each === UNKNOWN)) return undefined
  const bound: Record<string, string> = {}
  for (const [index, variable] of variables.entries()) {
    const location = locations[index] as string
    bound[variable] = locations.lastIndexOf(location) === index ? location : UNKNOWN
  }
  return bound
}

/** Binds the resource types of one action. Types that IAM requires and no member names become `*` at run time. */
function bindAction(
  context: Context,
  prefix: string,
  own: string,
  service: IamService,
  types: Types,
): RawResource[] {
  const whole = find(context, (member) => /^(resource(arns?|identifier|name|id)?|arns?)$/i.test(member.name))
  const anyRequired = types.some((each) => each.required)
  // If IAM requires none of several types, the ARN itself says which it is.
  if (whole !== undefined && types.length > 1 && !anyRequired) return [['', 1, { '@': whole }]]
  const entries: RawResource[] = []
  let unbound = false
  for (const { name, required } of types) {
    const template = service.resourceTypes.get(name)
    const bound = template === undefined ? undefined : bindTemplate(context, prefix, name, template)
    if (bound !== undefined) entries.push([resourceTypeName(prefix, own, name), required ? 1 : 0, bound])
    else if (required || !anyRequired) unbound = true
  }
  if (!unbound) return entries
  if (whole !== undefined && entries.length === 0) return [['', 1, { '@': whole }]]
  return [...entries, ['*', 1]]
}

type Types = readonly { readonly name: string; readonly required: boolean }[]

/** Describes the operation whose resources are bound. */
export interface Binder {
  readonly model: ServiceModel
  readonly key: string
  readonly operation: string
  readonly prefix: string
}

/** Returns the entries bound by member names: empty if IAM names no resource type, only `*` if no member does. */
export function entriesOf(
  { model, key, operation, prefix }: Binder,
  authorization: OperationAuthorization,
  iam: ReadonlyMap<string, IamService>,
  overrides: Overrides,
): RawResource[] {
  const types = authorization.known.flatMap(({ action }) => action.resourceTypes)
  const nothing: RawResource[] = types.length === 0 ? [] : [['*', 1]]
  const hand = overrides.resources[key]
  if (hand?.length === 0) return nothing
  if (hand !== undefined) return hand.map((entry) => handEntry(model, operation, entry))
  const members = stringMembers(model, operation)
  const entries: RawResource[] = []
  const context = { members, overrides, operation, only: types.length === 1, single: false }
  for (const { prefix: at, action } of authorization.known) {
    const service = iam.get(at)
    if (service === undefined || action.resourceTypes.length === 0) entries.push(['*', 1])
    else entries.push(...bindAction(context, at, prefix, service, action.resourceTypes))
  }
  if (authorization.known.length < authorization.actions.length) entries.push(['*', 1])
  const unique = new Map(entries.map((each) => [JSON.stringify(each), each]))
  const kept = [...unique.values()]
  return kept.every((each) => each[0] === '*')
    ? (bindNew(operation, prefix, authorization, iam) ?? nothing)
    : kept
}

function handEntry(
  model: ServiceModel,
  operation: string,
  [type, required, variables]: readonly [string, 0 | 1, Readonly<Record<string, string>>],
): RawResource {
  const bound: Record<string, string> = {}
  for (const [variable, paths] of Object.entries(variables)) {
    const locations = (paths === '' ? [] : paths.split('|')).map((path) => {
      const location = wireLocation(model, operation, path)
      if (location === undefined) throw new Error(`overrides: ${operation} has no member ${path}`)
      return location
    })
    bound[variable] = locations.length === 0 ? UNKNOWN : locations.join('|')
  }
  return [type, required, bound]
}
