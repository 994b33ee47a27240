/** Finds grants of classes that no call has to the services which they name. */
import { everyOperation } from '../../aws/catalogue/catalogue.ts'
import type { Catalogue, Operation } from '../../aws/catalogue/types.ts'
import type { Config } from '../schema/config.ts'
import type { Finding } from './finding.ts'

type Grant = Config['agents'][number]['grants'][number]

/** What such calls are depends on what they contain. */
const ANY_CLASS: ReadonlySet<string> = new Set(['cloudformation', 'cloudcontrol'])

/**
 * Some services look at things of all others, or tag them, by ARNs that requests give whole; and any service may have
 * operations that the catalogue does not know.
 */
const EVERYWHERE = ['read', 'list', 'tagging', 'unknown']

/** Returns the grants that no call can use, as problems, and single classes of the others, as warnings. */
export function grantProblems(
  config: Config,
  catalogue: Catalogue,
): { readonly problems: Finding[]; readonly warnings: Finding[] } {
  const grants = grantsOf(config).filter(({ grant }) => grant.resources.every((each) => serviceOf(each)))
  const problems: Finding[] = []
  const warnings: Finding[] = []
  if (grants.length === 0) return { problems, warnings }
  const classes = classesByService(catalogue)
  const others = new Set([
    ...ANY_CLASS,
    ...config.catalogue.services.flatMap(({ name, signingName }) => [name, signingName]),
    ...config.catalogue.overrides.map(({ operation }) => operation.split(':')[0] ?? ''),
  ])
  for (const { path, grant } of grants) {
    const services = grant.resources.map(serviceOf)
    const known = services.filter((each) => each !== undefined && classes.has(each) && !others.has(each))
    // An override for all services may give any class to any call.
    if (known.length < services.length || others.has('*')) continue
    const isUnused = (name: string) =>
      known.every((service) => classes.get(service ?? '')?.has(name) !== true)
    const unused = grant.classes.filter(isUnused)
    const named = [...new Set(known)].join(', ')
    const finding = { path: `${path}.classes`, message: `no call to ${named} is ${unused.join(' or ')}` }
    if (unused.length === grant.classes.length) problems.push(finding)
    else if (unused.length > 0) warnings.push(finding)
  }
  return { problems, warnings }
}

function grantsOf({ agents, identity }: Config): { readonly path: string; readonly grant: Grant }[] {
  const listed = (path: string, grants: readonly Grant[]) =>
    grants.map((grant, index) => ({ path: `${path}.grants.${index}`, grant }))
  return [
    ...agents.flatMap(({ grants }, index) => listed(`agents.${index}`, grants)),
    ...identity.providers.flatMap(({ rules }, index) =>
      rules.flatMap(({ grants = [] }, at) => listed(`identity.providers.${index}.rules.${at}`, grants)),
    ),
  ]
}

/** The service that a pattern names; undefined if it may be of any. */
function serviceOf(pattern: string): string | undefined {
  const [fixed = ''] = pattern.split('*')
  const parts = fixed.split(':')
  return parts.length > 3 ? parts[2] : undefined
}

/** By the service in the ARN of what a call touches: a call to one service may touch things of another. */
function classesByService(catalogue: Catalogue): ReadonlyMap<string, ReadonlySet<string>> {
  const classes = new Map<string, Set<string>>()
  for (const operation of everyOperation(catalogue)) {
    // Grants name the trait `reads-secret`, too.
    const own = [...operation.classes, ...operation.traits, ...operation.rules.flatMap(({ adds }) => adds)]
    for (const service of servicesOf(operation)) {
      const known = classes.get(service) ?? new Set(EVERYWHERE)
      for (const each of own) known.add(each)
      classes.set(service, known)
    }
  }
  return classes
}

function servicesOf({ service, resources, passes }: Operation): readonly string[] {
  const passesRoles = passes.roles.length + passes.profiles.length > 0
  const named = resources.flatMap(({ arnService, template }) => (template === undefined ? [] : [arnService]))
  return [service.prefix, ...named, ...(passesRoles ? ['iam'] : [])]
}
