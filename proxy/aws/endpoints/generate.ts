/**
 * Writes endpoints.json: the host, signing name and signing region of every service in every region. It evaluates AWS's
 * own endpoint rule sets once, so that at run time no rule is evaluated and no request text is read as a URL.
 *
 *     node proxy/aws/endpoints/generate.ts [--check]
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { customEndpointFunctions, EndpointError, resolveEndpoint } from '@smithy/util-endpoints'
import { readSupplement } from '../catalogue/sources.ts'
import type { EndpointData, Hosts, PartitionRules, ServiceEndpoints } from './endpoint-data.ts'
import { printEndpoints } from './print-endpoints.ts'
import { type Botocore, type PartitionRow, readBotocore, type ServiceRules } from './botocore.ts'

const PARTITIONS = ['aws', 'aws-cn', 'aws-us-gov']

/** Lists services whose host depends on the account in an ARN, not on the region; the account becomes a host prefix. */
const BY_ACCOUNT: ReadonlyMap<string, ServiceEndpoints> = new Map([
  [
    'cloudfront-keyvaluestore',
    {
      name: 'cloudfront-keyvaluestore',
      hosts: {
        aws: 'cloudfront-kvs.global.{dual} cloudfront-keyvaluestore *',
        'aws-cn': null,
        'aws-us-gov': null,
      },
      prefixes: ['{label}.'],
    },
  ],
])

type StaticParameters = Readonly<Record<string, string | boolean>>

interface Place {
  readonly partition: PartitionRow
  readonly region: string
}

function placesOf(botocore: Botocore): Place[] {
  return botocore.partitions
    .filter(({ id }) => PARTITIONS.includes(id))
    .flatMap((partition) => regionsOf(partition).map((region) => ({ partition, region })))
}

/** Returns the real regions: names such as `aws-global` stand for no region. */
function regionsOf({ regions }: PartitionRow): string[] {
  return Object.keys(regions).filter((region) => !region.endsWith('-global'))
}

/** Stands in for functions on parameters that are never given here: resource ARNs and buckets. */
function unused(): null {
  return null
}

function teachAwsFunctions({ partitions }: Botocore): void {
  const partitionOf = (region: string) =>
    partitions.find(({ regions }) => Object.hasOwn(regions, region))?.outputs ?? null
  customEndpointFunctions['aws'] = {
    partition: partitionOf,
    parseArn: unused,
    isVirtualHostableS3Bucket: unused,
  }
}

interface AuthScheme {
  readonly name: string
  readonly signingName?: string
  readonly signingRegion?: string
}

interface Evaluated extends Place {
  readonly host: string
  readonly signingName: string
  readonly signingRegion: string
}

/** Evaluates rules; returns null if they refuse, need more than a region or another signature, or leave the partition's DNS. */
function evaluate(rules: ServiceRules, place: Place, given: StaticParameters): Evaluated | null {
  const { region } = place
  const { endpointPrefix, signingName = endpointPrefix } = rules.metadata
  const endpoint = tryRules(rules.ruleSet, { Region: region, UseFIPS: false, UseDualStack: false, ...given })
  if (endpoint === null || endpoint.url.protocol !== 'https:' || endpoint.url.pathname !== '/') return null
  const schemes = endpoint.properties?.['authSchemes'] as AuthScheme[] | undefined
  const scheme = schemes === undefined ? { name: 'sigv4' } : schemes.find(({ name }) => name === 'sigv4')
  if (scheme === undefined || suffixOf(endpoint.url.host, place.partition) === undefined) return null
  return {
    ...place,
    host: endpoint.url.host,
    signingName: scheme.signingName ?? signingName,
    signingRegion: scheme.signingRegion ?? region,
  }
}

function tryRules(ruleSet: ServiceRules['ruleSet'], endpointParams: Record<string, string | boolean>) {
  try {
    return resolveEndpoint(ruleSet, { endpointParams })
  } catch (error) {
    if (error instanceof EndpointError) return null
    throw error
  }
}

/** Returns the rows of one partition; for a service that is global there, all have the same text with a fixed region. */
function rowsOf(evaluated: readonly (Evaluated | null)[], signingName: string): (string | null)[] {
  const spelledOut = evaluated.map((each) => each && `${each.host} ${each.signingRegion}`)
  const global = evaluated.length > 1 && new Set(spelledOut).size === 1
  return evaluated.map((each) => {
    if (each === null) return null
    const host = template(each, global)
    if (global || each.signingRegion !== each.region)
      return `${host} ${each.signingName} ${each.signingRegion}`
    return each.signingName === signingName ? host : `${host} ${each.signingName}`
  })
}

function template({ host, region, partition }: Evaluated, global: boolean): string {
  const [suffix, variable] = suffixOf(host, partition) as readonly [string, string]
  const named = global ? host : host.replaceAll(`.${region}.`, '.{region}.')
  return `${named.slice(0, -suffix.length)}${variable}`
}

function suffixOf(
  host: string,
  { outputs }: PartitionRow,
): readonly [suffix: string, variable: string] | undefined {
  const suffixes = [
    [outputs.dualStackDnsSuffix, '{dual}'],
    [outputs.dnsSuffix, '{dns}'],
  ] as const
  return suffixes.find(([suffix]) => host.endsWith(`.${suffix}`))
}

/** Returns one string if all are equal; otherwise the most common of each partition, then the regions that differ. */
function compress(
  evaluated: readonly (Evaluated | null)[],
  places: readonly Place[],
  signingName: string,
): Hosts {
  const hosts: Record<string, string | null> = {}
  for (const id of PARTITIONS) {
    const indices = places.flatMap(({ partition }, index) => (partition.id === id ? [index] : []))
    const rows = rowsOf(
      indices.map((index) => evaluated[index] ?? null),
      signingName,
    )
    const common = commonest(rows)
    hosts[id] = common
    for (const [at, row] of rows.entries()) {
      if (row !== common) hosts[places[indices[at] as number]?.region as string] = row
    }
  }
  const distinct = new Set(Object.values(hosts))
  return distinct.size === 1 ? commonest([...distinct]) : hosts
}

function commonest<T>(values: readonly T[]): T {
  const counts = new Map<T, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] as T
}

/**
 * Returns the static parameters without two that would give a wrong host. `RequiresAccountId` fills in the account, as
 * the operation's host prefix does already (botocore drops one of the two as well). The S3 Express control host is for
 * directory buckets, whose names are refused, so among S3's own operations it is right only for listing those buckets.
 */
function staticParameters({ metadata, operations }: ServiceRules, operation: string): StaticParameters {
  const expressless = metadata.endpointPrefix === 's3' && operation !== 'ListDirectoryBuckets'
  const entries = Object.entries(operations[operation]?.staticContextParams ?? {}).filter(
    ([name]) => name !== 'RequiresAccountId' && !(expressless && name === 'UseS3ExpressControlEndpoint'),
  )
  return Object.fromEntries(entries.map(([name, { value }]) => [name, value]))
}

function describeService(rules: ServiceRules, places: readonly Place[]): ServiceEndpoints {
  const name = rules.metadata.signingName ?? rules.metadata.endpointPrefix
  const hostsFor = (given: StaticParameters): Hosts =>
    compress(
      places.map((place) => evaluate(rules, place, given)),
      places,
      name,
    )
  const hosts = hostsFor({})
  const prefixes = new Set<string>()
  const special = new Map<string, { hosts: Hosts; operations: string[] }>()
  for (const [operationName, operation] of Object.entries(rules.operations)) {
    const prefix = operation.endpoint?.hostPrefix
    if (prefix !== undefined) prefixes.add(prefix.replace(/\{\w+\}/g, '{label}'))
    const given = staticParameters(rules, operationName)
    if (Object.keys(given).length === 0) continue
    const own = hostsFor(given)
    const key = JSON.stringify(own)
    if (key === JSON.stringify(hosts)) continue
    const group = special.get(key) ?? { hosts: own, operations: [] }
    group.operations.push(operationName)
    special.set(key, group)
  }
  return {
    name,
    hosts,
    ...(prefixes.size === 0 ? {} : { prefixes: [...prefixes].sort() }),
    ...(special.size === 0 ? {} : { special: [...special.values()] }),
  }
}

/** Evaluates the rule sets of every service in every region. */
export function generateEndpoints(): EndpointData {
  const botocore = readBotocore()
  teachAwsFunctions(botocore)
  const places = placesOf(botocore)
  const partitions: Record<string, PartitionRules> = {}
  for (const row of botocore.partitions) {
    if (!PARTITIONS.includes(row.id)) continue
    const { dnsSuffix, dualStackDnsSuffix } = row.outputs
    partitions[row.id] = { dns: dnsSuffix, dual: dualStackDnsSuffix, regions: regionsOf(row) }
  }
  const services: Record<string, ServiceEndpoints> = {}
  for (const [name, rules] of botocore.services) {
    services[name] = BY_ACCOUNT.get(name) ?? describeService(rules, places)
  }
  for (const [name, { host, metadata }] of Object.entries(readSupplement()))
    services[name] = { name: metadata.signingName ?? metadata.endpointPrefix, hosts: host }
  return { source: botocore.source, partitions, services }
}

if (import.meta.main) {
  const path = fileURLToPath(new URL('endpoints.json', import.meta.url))
  const text = printEndpoints(generateEndpoints())
  if (!process.argv.includes('--check')) {
    writeFileSync(path, text)
  } else if (readFileSync(path, 'utf8') !== text) {
    process.stderr.write(
      'endpoints.json does not match its sources; run: node proxy/aws/endpoints/generate.ts\n',
    )
    process.exitCode = 1
  }
}
