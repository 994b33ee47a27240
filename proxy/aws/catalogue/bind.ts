/** Binds the variables of IAM's ARN templates to the request members that hold them, by name. */
import type { RawResource } from './format.ts'
import type { Authorization } from './levels.ts'
import { stringMembers, wireLocation } from './model.ts'
import type { ServiceModel, TopMember } from './model.ts'
import type { Overrides } from './overrides.ts'
import type { IamService } from './sources.ts'

const FIXED = new Set(['Partition', 'Region', 'Account'])
const SUFFIXES = ['', 'id', 'name', 'identifier', 'arn']

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '')
}

function variablesOf(template: string): string[] {
  return [...template.matchAll(/\$\{(\w+)\}/g)]
    .map((each) => each[1] as string)
    .filter((each) => !FIXED.has(each))
}

function namesFor(type: string, variable: string): Set<string> {
  const stem = plain(variable).replace(/(withpath|withoutleadingslash)$/, '')
  const stems = new Set([stem, stem.replace(/(identifier|name|id|arn)$/, '')])
  if (plain(type).includes(stem.replace(/(identifier|name|id|arn)$/, '')) || stem.includes(plain(type))) {
    stems.add(plain(type))
  }
  stems.delete('')
  const names = new Set<string>()
  for (const each of stems) for (const suffix of SUFFIXES) names.add(each + suffix).add(`${each}${suffix}s`)
  return names
}

interface Context {
  readonly members: readonly TopMember[]
  readonly overrides: Overrides
  readonly operation: string
}

function find(context: Context, wanted: (member: TopMember) => boolean): string | undefined {
  const found = context.members.filter(wanted).map((each) => each.location)
  return found.length === 0 ? undefined : found.join('|')
}

function bindVariable(context: Context, prefix: string, type: string, variable: string): string | undefined {
  const hand = context.overrides.variables[`${prefix}.${type}.${variable}`]
  if (hand !== undefined) return find(context, (member) => hand.includes(member.name))
  const names = namesFor(type, variable)
  const named = find(context, (m) => names.has(plain(m.name)) || names.has(plain(m.shapeName)))
  if (named !== undefined) return named
  const noun = plain(context.operation.replace(/^[A-Z][a-z]+/, ''))
  if (!noun.startsWith(plain(type)) && !plain(type).startsWith(noun)) return undefined
  return find(context, (member) => member.required && /^(name|id|identifier|arn)$/i.test(member.name))
}

/** `variable -> location` for a template; undefined if one variable has no member. */
function bindTemplate(context: Context, prefix: string, type: string, template: string) {
  const bound: Record<string, string> = {}
  for (const variable of variablesOf(template)) {
    const location = bindVariable(context, prefix, type, variable)
    if (location === undefined) return undefined
    bound[variable] = location
  }
  return bound
}

function nameOf(prefix: string, own: string, type: string): string {
  return prefix === own ? type : `${prefix}:${type}`
}

/** One action's resource types. Types that IAM requires and no member names become `*` at run time. */
function bindAction(
  context: Context,
  prefix: string,
  own: string,
  service: IamService,
  types: Types,
): RawResource[] {
  const whole = find(context, (member) => /^(resource(arns?|identifier|id)?|arns?)$/i.test(member.name))
  const anyRequired = types.some((each) => each.required)
  const entries: RawResource[] = []
  let unbound = false
  for (const { name, required } of types) {
    const template = service.resourceTypes.get(name)
    const bound = template === undefined ? undefined : bindTemplate(context, prefix, name, template)
    if (bound !== undefined) entries.push([nameOf(prefix, own, name), required ? 1 : 0, bound])
    else if (required || !anyRequired) unbound = true
  }
  if (!unbound) return entries
  if (whole !== undefined && entries.length === 0) return [['', 1, { '@': whole }]]
  return [...entries, ['*', 1]]
}

type Types = readonly { readonly name: string; readonly required: boolean }[]

export interface Binder {
  readonly model: ServiceModel
  readonly key: string
  readonly operation: string
  readonly prefix: string
}

/** The resource entries of an operation; empty where IAM names no resource type or none is known: `*`. */
export function bindResources(
  { model, key, operation, prefix }: Binder,
  authorization: Authorization,
  iam: ReadonlyMap<string, IamService>,
  overrides: Overrides,
): RawResource[] {
  const hand = overrides.resources[key]
  if (hand !== undefined) return hand.map((entry) => handEntry(model, operation, entry))
  const context = { members: stringMembers(model, operation), overrides, operation }
  const entries: RawResource[] = []
  for (const { prefix: at, action } of authorization.known) {
    const service = iam.get(at)
    if (service === undefined || action.resourceTypes.length === 0) entries.push(['*', 1])
    else entries.push(...bindAction(context, at, prefix, service, action.resourceTypes))
  }
  if (authorization.known.length < authorization.actions.length) entries.push(['*', 1])
  const unique = new Map(entries.map((each) => [JSON.stringify(each), each]))
  const kept = [...unique.values()]
  return kept.every((each) => each[0] === '*') ? [] : kept
}

function handEntry(
  model: ServiceModel,
  operation: string,
  [type, required, variables]: readonly [string, 0 | 1, Readonly<Record<string, string>>],
): RawResource {
  const bound: Record<string, string> = {}
  for (const [variable, path] of Object.entries(variables)) {
    const location = wireLocation(model, operation, path)
    if (location === undefined) throw new Error(`overrides: ${operation} has no member ${path}`)
    bound[variable] = location
  }
  return [type, required, bound]
}
