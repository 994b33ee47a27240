/** Checks policy/resource-names.ts against the models and IAM's resource types, so that a newer service is noticed (S25). */
import { FOLDS_CASE, OTHER_NAMES } from '../../../policy/resource-names.ts'
import type { ServiceModel } from './model.ts'
import type { Overrides } from './overrides.ts'
import type { Sources } from './sources.ts'

/** Matches what AWS writes of a member whose case its service does not keep. */
const FOLDS =
  /stored as a lowercase string|folded to lowercase|not distinguished by case|names are case-insensitive/i

function saysThatItFolds(model: ServiceModel): boolean {
  return Object.values(model.shapes).some((shape) =>
    Object.values(shape.members ?? {}).some(({ documentation = '' }) => FOLDS.test(documentation)),
  )
}

/** Returns `service:type` of each ARN template of IAM, with the service alone beside it. */
function arnTypes({ iam }: Sources): ReadonlySet<string> {
  const types = new Set<string>()
  for (const { resourceTypes } of iam.values()) {
    for (const template of resourceTypes.values()) {
      const [, service = '', type] =
        /^arn:[^:]*:([^:]*):[^:]*:[^:]*:(?:([^:/$]+)[:/])?/.exec(template.replaceAll(/\$\{\w+\}/g, '$')) ?? []
      types.add(service)
      if (type !== undefined) types.add(`${service}:${type}`)
    }
  }
  return types
}

/**
 * Throws if a row of the table names a resource type that no ARN of IAM has, or if a model says that a service folds names
 * and the table does not.
 */
export function checkNames(sources: Sources, { prefixes }: Overrides): void {
  const types = arnTypes(sources)
  const unknown = [...Object.keys(FOLDS_CASE), ...Object.keys(OTHER_NAMES)].filter((each) => !types.has(each))
  if (unknown.length > 0)
    throw new Error(`policy/resource-names.ts names unknown resource types: ${unknown.join(' ')}`)
  const folding = new Set(Object.keys(FOLDS_CASE).map((each) => each.split(':')[0] ?? ''))
  const missing = [...sources.models].flatMap(([name, model]) => {
    const { signingName, endpointPrefix } = model.metadata
    const prefix = prefixes[name] ?? signingName ?? endpointPrefix
    if (folding.has(prefix) || folding.has(name)) return []
    return saysThatItFolds(model) ? [name] : []
  })
  if (missing.length > 0)
    throw new Error(
      `models say that these services fold names, policy/resource-names.ts does not: ${missing.join(' ')}`,
    )
}
