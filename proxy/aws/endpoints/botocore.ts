/** Reads endpoint rule sets from the pinned botocore wheel. */
import { gunzipSync } from 'node:zlib'
import type { RuleSetObject } from '@smithy/types'
import { botocoreRequirement, unzipBotocore } from '../catalogue/sources.ts'

export interface ServiceRules {
  readonly metadata: {
    readonly endpointPrefix: string
    readonly signingName?: string
  }
  readonly operations: Readonly<
    Record<
      string,
      {
        readonly endpoint?: { readonly hostPrefix?: string }
        readonly staticContextParams?: Readonly<Record<string, { readonly value: string | boolean }>>
      }
    >
  >
  readonly ruleSet: RuleSetObject
}

export interface PartitionRow {
  readonly id: string
  readonly regions: Readonly<Record<string, unknown>>
  readonly outputs: {
    readonly name: string
    readonly dnsSuffix: string
    readonly dualStackDnsSuffix: string
  }
}

export interface Botocore {
  readonly source: string
  readonly partitions: readonly PartitionRow[]
  /** Maps a model name to the rules of its newest version; services without a rule set are left out. */
  readonly services: ReadonlyMap<string, ServiceRules>
}

/** Reads the rule sets and partitions. Throws if the wheel cannot be fetched or is not the pinned one. */
export function readBotocore(): Botocore {
  const files = unzipBotocore((name) =>
    /(?:service-2|endpoint-rule-set-1)\.json\.gz$|data\/partitions\.json$/.test(name),
  )
  const json = (path: string): unknown => {
    const bytes = files[path] as Uint8Array
    return JSON.parse((path.endsWith('.gz') ? gunzipSync(bytes) : Buffer.from(bytes)).toString('utf8'))
  }
  const newest = new Map<string, string>()
  for (const path of Object.keys(files).sort()) {
    const [, , service, version] = path.split('/')
    if (path.endsWith('endpoint-rule-set-1.json.gz')) newest.set(service as string, version as string)
  }
  const services = new Map<string, ServiceRules>()
  for (const [service, version] of newest) {
    const folder = `botocore/data/${service}/${version}`
    const model = json(`${folder}/service-2.json.gz`) as Omit<ServiceRules, 'ruleSet'>
    const ruleSet = json(`${folder}/endpoint-rule-set-1.json.gz`) as RuleSetObject
    services.set(service, { metadata: model.metadata, operations: model.operations, ruleSet })
  }
  const { partitions } = json('botocore/data/partitions.json') as { partitions: PartitionRow[] }
  return { source: botocoreRequirement(), partitions, services }
}
