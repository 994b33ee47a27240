/** Reads IAM's ARN templates: their variables, and the ARN of a resource that has no name yet. */
import type { RawResource } from './format.ts'
import type { OperationAuthorization } from './levels.ts'
import type { IamService } from './sources.ts'

const FIXED = new Set(['Partition', 'Region', 'Account'])

/** Marks a part of an ARN that only the service knows: a number after a name, a stack's UUID. */
export const UNKNOWN = ''

/** Returns the variables of a template without those that the place of the call fills: partition, region and account. */
export function variablesOf(template: string): string[] {
  return [...template.matchAll(/\$\{(\w+)\}/g)]
    .map((each) => each[1] as string)
    .filter((each) => !FIXED.has(each))
}

/** Returns the catalogue's name of a resource type, for a service of this prefix. */
export function resourceTypeName(prefix: string, own: string, type: string): string {
  return prefix === own ? type : `${prefix}:${type}`
}

/** Matches verbs that create what they name. */
const MAKES = /^(Create|Allocate|Register|Import|Purchase)(?=[A-Z])/

/** Binds what an operation creates: it has no name yet, but its one type is known. The service's part of the ARN is `*`. */
export function bindNew(
  operation: string,
  own: string,
  { actions, known }: OperationAuthorization,
  iam: ReadonlyMap<string, IamService>,
): RawResource[] | undefined {
  const [only, ...others] = known.flatMap(({ prefix, action }) =>
    action.resourceTypes.map((type) => ({ ...type, prefix })),
  )
  if (only?.required !== true || others.length > 0 || known.length < actions.length) return undefined
  const template = iam.get(only.prefix)?.resourceTypes.get(only.name)
  if (template === undefined || !MAKES.test(operation)) return undefined
  const unknown = variablesOf(template).map((each) => [each, UNKNOWN])
  return [[resourceTypeName(only.prefix, own, only.name), 1, Object.fromEntries(unknown)]]
}
