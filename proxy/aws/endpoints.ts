/** Where a call goes: a host put together from closed lists, never read from request text (security rule S5). */
import { Denial } from '../denial.ts'
import data from './endpoints/endpoints.json' with { type: 'json' }

/** A partition's DNS suffixes and its regions. */
export interface Rules {
  readonly dns: string
  readonly dual: string
  readonly regions: readonly string[]
}

/**
 * `host[ signingName[ signingRegion]]` with `{region}`, `{dns}` and `{dual}` to fill; null where a service's rules need
 * more than a region. One value for everywhere, or by region and else by partition.
 */
export type Hosts = string | null | Readonly<Record<string, string | null>>

export interface ServiceEndpoints {
  /** The signing name, where the host's row has none. */
  readonly name: string
  readonly hosts: Hosts
  /** The host prefixes that its operations may have; `{label}` stands for a value of the request. */
  readonly prefixes?: readonly string[]
  /** Operations that live on another host. */
  readonly special?: readonly { readonly hosts: Hosts; readonly operations: readonly string[] }[]
}

export interface EndpointData {
  readonly source: string
  readonly partitions: Readonly<Record<string, Rules>>
  readonly services: Readonly<Record<string, ServiceEndpoints>>
}

export interface EndpointQuery {
  /** The model's name of the service (botocore's). */
  readonly model: string
  readonly operation: string | null
  /** From the credential scope. */
  readonly region: string
  /** The operation's host prefix with its labels filled; empty if none. */
  readonly hostPrefix: string
  /** S3: the bucket in the request. It is checked, and never put into a host: S3 is spoken to in path style. */
  readonly bucket: string | undefined
  /** The regions that may be reached; all known ones if undefined. */
  readonly regions: ReadonlySet<string> | undefined
}

export interface ResolvedEndpoint {
  readonly host: string
  readonly signingName: string
  readonly signingRegion: string
}

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const MAX_HOST_LENGTH = 253

const { partitions, services } = data as EndpointData
const models = new Map(Object.entries(services))
const partitionOf = new Map(
  Object.entries(partitions).flatMap(([id, rules]) =>
    rules.regions.map((region) => [region, { id, rules }] as const),
  ),
)
interface RegionalEndpoint extends ResolvedEndpoint {
  readonly partition: string
  /** One host for the whole partition. */
  readonly global: boolean
}

/** Bounded by services, their special hosts and the closed list of regions. */
const resolved = new Map<string, RegionalEndpoint>()

/**
 * The host of a call and how it is signed there. Denial `endpoint_refused` for whatever is not on the lists: model,
 * region, host prefix; for a bucket name that S3's rules do not allow; and for S3's access point, Outposts, Object
 * Lambda and directory bucket hosts, which are not built yet.
 *
 * A service with one host for its whole partition may be reached if any region of that partition may.
 */
export function resolveEndpoint(query: EndpointQuery): ResolvedEndpoint {
  const { model, region, hostPrefix, bucket, regions } = query
  const service = models.get(model)
  if (service === undefined) throw refusal(`No host is known for the service ${model}.`)
  if (bucket !== undefined) checkBucket(bucket)
  const base = regionalEndpoint(model, service, query.operation, region)
  if (regions !== undefined && !regions.has(region) && !(base.global && sharesPartition(base, regions))) {
    throw refusal(`The region ${region} is not one that Moderato may reach.`)
  }
  const { signingName, signingRegion } = base
  if (hostPrefix === '') return { host: base.host, signingName, signingRegion }
  if (!service.prefixes?.some((prefix) => fits(hostPrefix, prefix))) {
    throw refusal('The request names something that cannot be part of a host name.')
  }
  const host = hostPrefix + base.host
  if (host.length > MAX_HOST_LENGTH) throw refusal('The request names too long a host.')
  return { host, signingName, signingRegion }
}

function refusal(detail: string): Denial {
  return new Denial('endpoint_refused', detail)
}

function regionalEndpoint(
  model: string,
  service: ServiceEndpoints,
  operation: string | null,
  region: string,
): RegionalEndpoint {
  const partition = partitionOf.get(region)
  if (partition === undefined) throw refusal('The region of the signature is not one that Moderato knows.')
  const special = service.special?.findIndex(({ operations }) => operations.includes(operation ?? '')) ?? -1
  const key = `${model}/${special}/${region}`
  const known = resolved.get(key)
  if (known !== undefined) return known
  const hosts = service.special?.[special]?.hosts ?? (special < 0 ? service.hosts : null)
  const row = typeof hosts === 'object' ? (hosts?.[region] ?? hosts?.[partition.id]) : hosts
  if (typeof row !== 'string') throw refusal(`The host of this ${model} call cannot be told from its region.`)
  const [template = '', signingName = service.name, signingRegion = region] = row.split(' ')
  const { dns, dual } = partition.rules
  const host = template.replace('{region}', region).replace('{dns}', dns).replace('{dual}', dual)
  const global = !template.includes('{region}')
  const endpoint = { host, signingName, signingRegion, partition: partition.id, global }
  resolved.set(key, endpoint)
  return endpoint
}

function sharesPartition({ partition }: RegionalEndpoint, regions: ReadonlySet<string>): boolean {
  for (const region of regions) if (partitionOf.get(region)?.id === partition) return true
  return false
}

/** Whether a filled host prefix is what its model says, each value of the request being one label. */
function fits(hostPrefix: string, prefix: string): boolean {
  if (prefix !== '{label}.') return hostPrefix === prefix
  return hostPrefix.endsWith('.') && LABEL.test(hostPrefix.slice(0, -1))
}

/** Names that S3 gives to other things than general purpose buckets, by their reserved endings. */
const RESERVED_ENDINGS = ['--x-s3', '--xa-s3', '--ol-s3', '--op-s3', '.mrap', '--table-s3']

/** S3's rules for bucket names (S3 user guide, "General purpose bucket naming rules"). */
function checkBucket(bucket: string): void {
  if (bucket.startsWith('arn:')) {
    throw refusal('Access points and Outposts by their ARN are not supported here yet; name the bucket.')
  }
  if (RESERVED_ENDINGS.some((ending) => bucket.endsWith(ending))) {
    throw refusal('Directory buckets and S3 access points by their own hosts are not supported here yet.')
  }
  const wellFormed =
    bucket.length >= 3 && bucket.length <= 63 && bucket.split('.').every((label) => LABEL.test(label))
  if (!wellFormed || /^\d+\.\d+\.\d+\.\d+$/.test(bucket))
    throw refusal('The bucket name is not one that S3 allows.')
}
