/** Finds patterns of resources that can match no ARN, whatever the call. Such a grant gives nothing, such a rule holds nothing. */
import { isRegion, partitionNames, regionNames } from '../../aws/endpoints/endpoints.ts'
import { didYouMean, nearest } from '../../core/did-you-mean.ts'
import type { Config } from '../schema/config.ts'
import type { Finding } from './finding.ts'

/** A list of patterns, and where it stands. */
export interface NamedPatterns {
  readonly path: string
  readonly patterns: readonly string[]
}

/** Parts of an ARN before the resource: arn, partition, service, region, account. */
const PARTS = 5
const ACCOUNT = /^arn:[^:*]*:[^:*]*:(?:\*|[^:*]*):(\d+):/
const BUCKET_URL = /^s3:\/\/([^/]*)\/?(.*)$/s

/** Returns what is wrong with the patterns of a configuration. */
export function patternProblems(config: Config, services: ReadonlySet<string>): Finding[] {
  const own = new Set(config.catalogue.services.flatMap(({ name, signingName }) => [name, signingName]))
  const known = { services: new Set([...services, ...own]), own }
  return patternsOf(config).flatMap(({ path, patterns }) =>
    patterns.flatMap((pattern, index) => {
      const problem = problemOf(pattern, known)
      return problem === undefined
        ? []
        : [{ path: `${path}.${index}`, message: `${JSON.stringify(pattern)} ${problem}` }]
    }),
  )
}

/** Returns every list of resource patterns in a configuration. */
export function patternsOf({ agents, identity, policy, catalogue, breakglass }: Config): NamedPatterns[] {
  const lists = (path: string, rules: readonly { readonly resources?: readonly string[] | undefined }[]) =>
    rules.map(({ resources = [] }, index) => ({ path: `${path}.${index}.resources`, patterns: resources }))
  return [
    ...agents.flatMap(({ grants }, index) => lists(`agents.${index}.grants`, grants)),
    ...identity.providers.flatMap(({ rules }, index) =>
      rules.flatMap(({ grants = [] }, at) => lists(`identity.providers.${index}.rules.${at}.grants`, grants)),
    ),
    ...lists('policy.approvals', policy.approvals),
    ...lists('policy.taskApprovals', policy.taskApprovals),
    ...lists('catalogue.overrides', catalogue.overrides),
    { path: 'breakglass.resources', patterns: breakglass.resources },
  ]
}

interface Known {
  readonly services: ReadonlySet<string>
  /** Services that are not of AWS: their ARNs have any region. */
  readonly own: ReadonlySet<string>
}

function problemOf(pattern: string, known: Known): string | undefined {
  const [, bucket, key = ''] = BUCKET_URL.exec(pattern) ?? []
  if (bucket !== undefined)
    return `is no ARN, so it matches nothing: write arn:aws:s3:::${bucket}${key === '' ? '' : `/${key}`}`
  const [fixed = ''] = pattern.split('*')
  if (!'arn:'.startsWith(fixed.slice(0, 4)))
    return 'matches no ARN: write arn:aws:SERVICE:REGION:ACCOUNT:RESOURCE, or * for anything'
  if (!pattern.includes('*') && pattern.split(':').length <= PARTS)
    return 'matches no ARN: it has fewer than six parts, arn:aws:SERVICE:REGION:ACCOUNT:RESOURCE'
  // A * may stand for colons too, so only parts before the first one are where they seem to be.
  const part = wrongPart(fixed.split(':').slice(0, -1), known) ?? wrongAccount(pattern)
  return part === undefined ? undefined : `matches no ARN: ${part}`
}

/** Says which part of an ARN there is not. */
function wrongPart(parts: readonly string[], { services, own }: Known): string | undefined {
  const [, partition, service, region = ''] = parts
  if (partition !== undefined && !partitionNames().includes(partition))
    return `there is no partition ${partition}${didYouMean(partition, partitionNames())}`
  // ARNs have names of services that no IAM prefix has: only what is nearly one is taken for a mistake.
  if (service !== undefined && !services.has(service) && isMistake(service, services))
    return `there is no service ${service}${didYouMean(service, services)}`
  if (region !== '' && !isRegion(region) && !own.has(service ?? ''))
    return `there is no region ${region}${didYouMean(region, regionNames())}`
  return undefined
}

/** ARNs of `route53-recovery-control-config` begin with `route53-recovery-control`. */
function isMistake(service: string, services: ReadonlySet<string>): boolean {
  const meant = nearest(service, services)
  return meant !== undefined && !meant.startsWith(`${service}-`)
}

/** A * in the place of the region is nearly always the region. */
function wrongAccount(pattern: string): string | undefined {
  const account = ACCOUNT.exec(pattern)?.[1]
  if (account === undefined || account.length === 12) return undefined
  return `an account has 12 digits, and ${account} has ${account.length}`
}
