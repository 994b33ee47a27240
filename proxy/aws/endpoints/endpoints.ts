/** Resolves the host of a call from closed lists, never from request text (security rule S5). */
import { Denial } from '../../core/denial/denial.ts'
import type { SigningAlgorithm } from '../../sigv4/types.ts'
import { isBucketName, isMultiRegion, isOtherThing } from './buckets.ts'
import type { EndpointData, Hosts, ServiceEndpoints } from './endpoint-data.ts'
import data from './endpoints.json' with { type: 'json' }

/** Holds the parts of a call that decide its endpoint. */
export interface EndpointQuery {
  /** The model's name of the service (botocore's). */
  readonly model: string
  readonly operation: string | null
  /** From the credential scope; for SigV4a the region set. */
  readonly region: string
  readonly algorithm: SigningAlgorithm
  /** The operation's host prefix with its labels filled; empty if none. */
  readonly hostPrefix: string
  /**
   * S3: the bucket in the request. It is checked. It becomes part of the host only if it is a multi-region access
   * point; otherwise S3 is called in path style.
   */
  readonly bucket: string | undefined
  /** The regions that may be reached; all known ones if undefined. */
  readonly regions: ReadonlySet<string> | undefined
}

/** Holds the host of a call, and how it is signed there. */
export interface ResolvedEndpoint {
  readonly host: string
  readonly signingName: string
  /** The region set for a host that takes SigV4a only: no wider than the regions that may be reached. */
  readonly signingRegion: string
}

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const MAX_HOST_LENGTH = 253
/** Matches every DNS suffix of AWS in any known partition; `.aws` is its own. */
const AWS_NAME = /(?:^|\.)(?:amazonaws\.com(?:\.cn)?|amazonwebservices\.com\.cn|aws)$/

const { partitions, services } = data as EndpointData
const models = new Map(Object.entries(services))
const byRegion = new Map(
  Object.entries(partitions).flatMap(([id, rules]) =>
    rules.regions.map((region) => [region, { id, rules }] as const),
  ),
)
/** There is one such host, in one partition (S3 user guide, "Multi-Region Access Points"). */
const MULTI_REGION_PARTITION = 'aws'
const MULTI_REGION_HOST = `accesspoint.s3-global.${partitions[MULTI_REGION_PARTITION]?.dns}`
const MULTI_REGIONS = partitions[MULTI_REGION_PARTITION]?.regions ?? []

/** Returns the partition of a region; `aws` if the region is unknown: such a call is refused before it is forwarded. */
export function partitionOf(region: string): string {
  return byRegion.get(region)?.id ?? 'aws'
}

/** Tells whether this is one known region. */
export const isRegion = (region: string): boolean => byRegion.has(region)

/** Every known region, and every known partition. */
export const regionNames = (): readonly string[] => [...byRegion.keys()]
export const partitionNames = (): readonly string[] => Object.keys(partitions)

/** Tells whether a host name, in lower case, is in one of AWS's domains. */
export function isAwsName(name: string): boolean {
  return AWS_NAME.test(name)
}

/** Tells whether a model of AWS has this name. */
export function isAwsModel(name: string): boolean {
  return models.has(name)
}

interface RegionalEndpoint extends ResolvedEndpoint {
  readonly partition: string
  /** True if one host serves the whole partition. */
  readonly global: boolean
}

/** Caches endpoints. It is bounded by the services, their special hosts and the closed list of regions. */
const resolved = new Map<string, RegionalEndpoint>()
const hostsBySigner = new Map<string, readonly string[]>()

/**
 * Returns the host of a call and how it is signed there. Throws Denial `endpoint_refused` if a model, region or host
 * prefix is not on the lists; for a bucket name that S3's rules do not allow; for S3's access point, Outposts, Object
 * Lambda and directory bucket hosts; and for a region set of SigV4a whose regions do not share one host.
 *
 * A service with one host for its whole partition may be reached if any region of that partition may.
 */
export function resolveEndpoint(query: EndpointQuery): ResolvedEndpoint {
  const { model, hostPrefix, bucket } = query
  const service = models.get(model)
  if (service === undefined) throw refusal(`No host is known for the service ${model}.`)
  if (bucket !== undefined) {
    checkBucket(bucket)
    if (isMultiRegion(bucket)) return multiRegionAccessPoint(bucket, query)
  }
  const { host: base, signingName, signingRegion } = reachableEndpoint(service, query)
  if (hostPrefix === '') return { host: base, signingName, signingRegion }
  if (!service.prefixes?.some((prefix) => fits(hostPrefix, prefix))) {
    throw refusal('A value of the request cannot be part of a host name.')
  }
  const host = hostPrefix + base
  if (host.length > MAX_HOST_LENGTH) throw refusal('The host name that the request asks for is too long.')
  return { host, signingName, signingRegion }
}

/**
 * Returns the hosts on which AWS accepts a signature for this service and region, without an operation's prefix,
 * longest first. A client that knows only AWS's endpoints sends one of them as Host.
 */
export function hostsOf(signingName: string, region: string): readonly string[] {
  const key = `${signingName}/${region}`
  const known = hostsBySigner.get(key)
  if (known !== undefined) return known
  const at = region === '*' ? MULTI_REGIONS[0] : region
  const hosts = new Set(signingName === 's3' ? [MULTI_REGION_HOST, ...otherNamesOfS3(at)] : [])
  for (const service of at !== undefined && byRegion.has(at) ? models.values() : []) {
    for (const { hosts: each } of [service, ...(service.special ?? [])]) {
      const endpoint = endpointIn(each, service.name, at as string)
      if (endpoint?.signingName !== signingName) continue
      if ([region, '*'].includes(endpoint.signingRegion)) hosts.add(endpoint.host)
    }
  }
  const sorted = [...hosts].toSorted((a, b) => b.length - a.length)
  if (at !== undefined && byRegion.has(at) && sorted.length > 0) hostsBySigner.set(key, sorted)
  return sorted
}

/** Returns S3's older, dual-stack and FIPS hosts of a region (S3 General Reference, "Service endpoints"). They are accepted as Host, never called. */
function otherNamesOfS3(region = ''): readonly string[] {
  const dns = byRegion.get(region)?.rules.dns
  if (dns === undefined) return []
  const kinds = ['s3.dualstack', 's3-fips', 's3-fips.dualstack']
  return [`s3.${dns}`, `s3-${region}.${dns}`, ...kinds.map((kind) => `${kind}.${region}.${dns}`)]
}

function refusal(detail: string): Denial {
  return new Denial('endpoint_refused', detail)
}

/** Checks the region, or each of a region set: the host must be the same in all of them. */
function reachableEndpoint(service: ServiceEndpoints, query: EndpointQuery): RegionalEndpoint {
  const { model, operation, region, regions } = query
  const [first = '', ...others] = region === '*' ? MULTI_REGIONS : region.split(',')
  const base = regionalEndpoint(model, service, operation, first)
  if (others.some((each) => regionalEndpoint(model, service, operation, each).host !== base.host)) {
    throw refusal(`The host of this ${model} call depends on the region: sign it for one region.`)
  }
  if (regions !== undefined && !regions.has(region) && !(base.global && sharesPartition(base, regions))) {
    throw refusal(`Moderato may not reach the region ${region}.`)
  }
  return base.signingRegion === '*' ? { ...base, signingRegion: regionSetOf(query) } : base
}

function regionalEndpoint(
  model: string,
  service: ServiceEndpoints,
  operation: string | null,
  region: string,
): RegionalEndpoint {
  const special = service.special?.findIndex(({ operations }) => operations.includes(operation ?? '')) ?? -1
  const key = `${model}/${special}/${region}`
  const known = resolved.get(key)
  if (known !== undefined) return known
  if (!byRegion.has(region)) throw refusal('Moderato does not know the region of the signature.')
  const hosts = service.special?.[special]?.hosts ?? (special < 0 ? service.hosts : null)
  const endpoint = endpointIn(hosts, service.name, region)
  if (endpoint === undefined)
    throw refusal(`Moderato cannot tell the host of this ${model} call from its region.`)
  resolved.set(key, endpoint)
  return endpoint
}

/** Returns the endpoint in this region; undefined if the table has none. */
function endpointIn(hosts: Hosts, name: string, region: string): RegionalEndpoint | undefined {
  const partition = byRegion.get(region)
  if (partition === undefined) return undefined
  const row = typeof hosts === 'object' ? (hosts?.[region] ?? hosts?.[partition.id]) : hosts
  if (typeof row !== 'string') return undefined
  const [template = '', signingName = name, signingRegion = region] = row.split(' ')
  const { dns, dual } = partition.rules
  const host = template.replace('{region}', region).replace('{dns}', dns).replace('{dual}', dual)
  return { host, signingName, signingRegion, partition: partition.id, global: !template.includes('{region}') }
}

function sharesPartition({ partition }: RegionalEndpoint, regions: ReadonlySet<string>): boolean {
  for (const region of regions) if (byRegion.get(region)?.id === partition) return true
  return false
}

function multiRegionAccessPoint(alias: string, query: EndpointQuery): ResolvedEndpoint {
  const [label = '', ...rest] = alias.split('.')
  if (!LABEL.test(label) || rest.length !== 1)
    throw refusal('The bucket name is not a valid alias of a multi-region access point.')
  return { host: `${alias}.${MULTI_REGION_HOST}`, signingName: 's3', signingRegion: regionSetOf(query) }
}

/** Returns the region set to sign for: the request's own, or for `*` the regions that may be reached. */
function regionSetOf({ region, regions, algorithm }: EndpointQuery): string {
  if (algorithm !== 'AWS4-ECDSA-P256-SHA256') {
    throw refusal('This host accepts only SigV4a, because it does not belong to one region.')
  }
  if (region === '*' && regions === undefined) return region
  const reachable = MULTI_REGIONS.filter((each) => regions?.has(each) !== false)
  const set = region === '*' ? reachable : region.split(',')
  if (set.length === 0 || !set.every((each) => reachable.includes(each))) {
    throw refusal(`Moderato may not reach every region of the region set ${region}.`)
  }
  return set.join(',')
}

/** Tells whether a filled host prefix matches its model; each value of the request must be one label. */
function fits(hostPrefix: string, prefix: string): boolean {
  if (prefix !== '{label}.') return hostPrefix === prefix
  return hostPrefix.endsWith('.') && LABEL.test(hostPrefix.slice(0, -1))
}

function checkBucket(bucket: string): void {
  if (bucket.startsWith('arn:')) {
    throw refusal('ARNs of access points and Outposts are not supported; use the bucket name or an alias.')
  }
  if (isOtherThing(bucket)) {
    throw refusal('Directory buckets, Outposts and Object Lambda access points are not supported.')
  }
  if (!isBucketName(bucket)) throw refusal('S3 does not allow this bucket name.')
}
