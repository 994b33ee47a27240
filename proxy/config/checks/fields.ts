/** Finds patterns that give a region or an account to resources that have none, or leave out the region of those that have one. */
import { patternsOverlap } from '../../../policy/arn-match.ts'
import { everyOperation } from '../../aws/catalogue/catalogue.ts'
import type { Catalogue } from '../../aws/catalogue/types.ts'
import type { Config } from '../schema/config.ts'
import type { Finding } from './finding.ts'
import { patternsOf } from './patterns.ts'

/** Partition, service, region, account and resource, where no `*` can stand for several of the first four. */
const FIELDS = /^arn:([^:*]+):([^:*]+):([^:]*):([^:]*):(.+)$/s
const TEMPLATE = /^arn:[^:]*:[^:]*:([^:]*):([^:]*):(.+)$/s

/** What a kind of resource has in its ARNs. */
interface Shape {
  readonly hasRegion: boolean
  readonly hasAccount: boolean
  /** With `*` for each variable. */
  readonly resource: string
}

/** Returns the patterns that fit no resource of their service, but would with other fields. */
export function fieldProblems(config: Config, catalogue: Catalogue): Finding[] {
  const found = patternsOf(config).flatMap(({ path, patterns }) =>
    patterns.map((pattern, index) => ({ path: `${path}.${index}`, pattern, fields: FIELDS.exec(pattern) })),
  )
  if (found.every(({ fields }) => fields === null)) return []
  const shapes = shapesByService(catalogue)
  return found.flatMap(({ path, pattern, fields }) => {
    if (fields === null) return []
    const right = rightPattern(fields.slice(1), shapes.get(fields[2] ?? '') ?? [])
    if (right === undefined) return []
    return [{ path, message: `${JSON.stringify(pattern)} matches no ARN: write ${right}` }]
  })
}

/** A resource that the catalogue does not know is not judged; nor is one without an account, as AWS's own have none. */
function rightPattern(
  [partition = '', service = '', region = '', account = '', resource = '']: readonly string[],
  shapes: readonly Shape[],
): string | undefined {
  const named = shapes.filter((shape) => patternsOverlap([resource], shape.resource))
  const fits = ({ hasRegion, hasAccount }: Shape): boolean =>
    (region === '*' || hasRegion === (region !== '')) && (hasAccount || account === '' || account === '*')
  const [shape] = named
  if (shape === undefined || named.some(fits)) return undefined
  const anyOf = (isThere: boolean, value: string): string => (isThere ? value || '*' : '')
  const fields = [anyOf(shape.hasRegion, region), anyOf(shape.hasAccount, account)]
  return ['arn', partition, service, ...fields, resource].join(':')
}

function shapesByService(catalogue: Catalogue): ReadonlyMap<string, readonly Shape[]> {
  const templates = new Map<string, Set<string>>()
  for (const { resources } of everyOperation(catalogue))
    for (const { arnService, template } of resources)
      if (template !== undefined)
        templates.set(arnService, (templates.get(arnService) ?? new Set<string>()).add(template))
  return new Map([...templates].map(([service, each]) => [service, [...each].flatMap(shapeOf)]))
}

function shapeOf(template: string): Shape[] {
  const [, region, account, resource] = TEMPLATE.exec(template.replaceAll(/\$\{[^}]*\}/g, '*')) ?? []
  if (resource === undefined) return []
  return [{ hasRegion: region !== '', hasAccount: account !== '', resource }]
}
