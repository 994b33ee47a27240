/**
 * Finds what a configuration says that does not do what it seems to. `config check` fails for a problem; a start and a
 * reload only warn, since such a setting lets nobody do more.
 */
import { isRegion, regionNames } from '../../aws/endpoints/endpoints.ts'
import type { Catalogue } from '../../aws/catalogue/types.ts'
import { isLoopback, isSafeFromOthers } from '../../core/addresses.ts'
import { didYouMean } from '../../core/did-you-mean.ts'
import type { Config } from '../schema/config.ts'
import { approverProblems } from './approvers.ts'
import { fieldProblems } from './fields.ts'
import type { Finding } from './finding.ts'
import { grantProblems } from './grants.ts'
import { nameWarnings } from './names.ts'
import { patternProblems } from './patterns.ts'
import { templateWarnings } from './templates.ts'

export interface Hurts {
  /** Settings that do nothing, or refuse what they seem to allow. */
  readonly problems: readonly Finding[]
  /** Settings that an operator may have meant otherwise. */
  readonly warnings: readonly Finding[]
}

/** Returns what hurts in a configuration that can be used. */
export function whatHurts(config: Config, catalogue: Catalogue): Hurts {
  const grants = grantProblems(config, catalogue)
  return {
    problems: [
      ...idleSettings(config, catalogue.services),
      ...fieldProblems(config, catalogue),
      ...operationProblems(config, catalogue),
      ...grants.problems,
    ],
    warnings: [
      ...nameWarnings(config, catalogue),
      ...templateWarnings(config),
      ...grants.warnings,
      ...plainWarnings(config),
    ],
  }
}

/** Returns those problems that are found without reading the whole catalogue, for a start. */
export function idleSettings(config: Config, services: ReadonlySet<string>): Finding[] {
  return [...regionProblems(config), ...patternProblems(config, services), ...approverProblems(config)]
}

function regionProblems({ upstream: { regions = [] }, catalogue: { services } }: Config): Finding[] {
  const own = new Set(services.map(({ region }) => region))
  return regions.flatMap((region, index) =>
    isRegion(region) || own.has(region)
      ? []
      : [
          {
            path: `upstream.regions.${index}`,
            message: `${JSON.stringify(region)} is no known region${didYouMean(region, regionNames())}`,
          },
        ],
  )
}

/** A setting for an operation that does not exist changes nothing. */
function operationProblems(
  { catalogue: { overrides, services }, policy: { allowUnmodelled } }: Config,
  catalogue: Catalogue,
): Finding[] {
  const own = new Set(services.flatMap(({ name, signingName }) => [name, signingName]))
  const named = [
    ...overrides.map(
      ({ operation }, index) => [`catalogue.overrides.${index}.operation`, operation] as const,
    ),
    ...allowUnmodelled.map((each, index) => [`policy.allowUnmodelled.${index}`, each] as const),
  ]
  return named.flatMap(([path, name]) => {
    const [service = '', operation = ''] = name.split(':')
    if (service === '*' || own.has(service)) return []
    const models = catalogue.models.flatMap((model) => {
      const each = catalogue.service(model)
      return each !== undefined && (each.prefix === service || model === service) ? [each] : []
    })
    if (models.length === 0)
      return [{ path, message: `there is no service ${service}${didYouMean(service, catalogue.services)}` }]
    const names = models.flatMap(({ operationNames }) => operationNames)
    if (operation === '*' || names.includes(operation)) return []
    return [{ path, message: `${service} has no operation ${operation}${didYouMean(operation, names)}` }]
  })
}

/** Signed calls cannot be changed on their way, but tokens can be read, and so can answers. */
function plainWarnings({ listen, approvals }: Config): Finding[] {
  const findings: Finding[] = []
  if (listen.tls === undefined && !isLoopback(listen.agents.host))
    findings.push({
      path: 'listen.agents',
      message:
        'takes plain HTTP from other machines: whoever is between reads tokens and answers. Set listen.tls, or end TLS in front of it',
    })
  const url = approvals.url === undefined ? null : URL.parse(approvals.url)
  if (url !== null && !isSafeFromOthers(url))
    findings.push({
      path: 'approvals.url',
      message: 'leads people over plain HTTP to the page on which they approve: write an https URL',
    })
  return findings
}
