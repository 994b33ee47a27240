/** Endpoint rule sets as the pinned botocore wheel has them. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { RuleSetObject } from '@smithy/types'
import { unzipSync } from 'fflate'

const REQUIREMENT = 'botocore==1.44.5'
const FILE = 'botocore-1.44.5-py3-none-any.whl'
const SHA256 = '8f16a56d1dff125dd65322ae021efa7ba5195a6db5102b96862566055b748921'

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
  /** Model name -> its newest version's rules; services without a rule set are left out. */
  readonly services: ReadonlyMap<string, ServiceRules>
}

/** The wheel, downloaded by pip if it is not kept from an earlier run. */
function readWheel(): Buffer {
  // oxlint-disable-next-line node/no-process-env -- a generator's cache folder
  const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'moderato-catalogue')
  const path = join(folder, FILE)
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true })
    const pip = ['-m', 'pip', 'download', '--quiet', '--no-deps', REQUIREMENT, '-d', folder]
    execFileSync('python3', pip, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 300_000 })
  }
  const bytes = readFileSync(path)
  const digest = createHash('sha256').update(bytes).digest('hex')
  if (digest !== SHA256) throw new Error(`${FILE} has sha256 ${digest}, expected ${SHA256}`)
  return bytes
}

/** Throws if the wheel cannot be had or is not the pinned one. */
export function readBotocore(): Botocore {
  const files = unzipSync(new Uint8Array(readWheel()), {
    filter: ({ name }) => /(?:service-2|endpoint-rule-set-1)\.json\.gz$|data\/partitions\.json$/.test(name),
  })
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
  return { source: REQUIREMENT, partitions, services }
}
