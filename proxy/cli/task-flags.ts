/** Reads the arguments that `run`, `env` and `credentials` share: the task, the proxy, and the caller's credentials. */
import { readFileSync } from 'node:fs'
import { GRANTABLE } from '../core/action-class.ts'
import { isLoopbackUrl, originOf } from '../core/addresses.ts'
import type { LoadedConfig } from '../config/loaded.ts'
import { errorMessage } from '../core/error-message.ts'
import { parseDurationMs } from '../pacing/rates.ts'
import type { Proof, ProxyPlace } from './agent-client.ts'
import { Failure } from './failure.ts'

/** Lists the options for `parseArgs`; `TASK_USAGE` explains them. */
export const TASK_OPTIONS = {
  task: { type: 'string' },
  justification: { type: 'string' },
  ticket: { type: 'string' },
  grant: { type: 'string', multiple: true },
  for: { type: 'string' },
  id: { type: 'string' },
  role: { type: 'string' },
  proxy: { type: 'string' },
  ca: { type: 'string' },
  'token-file': { type: 'string' },
  audience: { type: 'string' },
  config: { type: 'string' },
  agent: { type: 'string' },
  region: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

export const TASK_USAGE = `
The task: --task TEXT (its purpose); --justification TEXT, --ticket TEXT; --for 30m; --id NAME; --role ARN;
          --grant CLASS,CLASS=PATTERN, any number of times: narrows what the agent may do.
The proxy: --proxy URL or MODERATO_PROXY (https, or a loopback address); --ca FILE or MODERATO_CA: the certificate to trust.
Credentials: --token-file FILE or MODERATO_TOKEN_FILE, a JWT of an identity provider or a JWT-SVID, read again for each task;
          or SPIFFE_ENDPOINT_SOCKET, the Workload API (--audience NAME or MODERATO_AUDIENCE; default moderato);
          or, for first steps, MODERATO_ACCESS_KEY_ID and MODERATO_SECRET_ACCESS_KEY,
          or --config FILE --agent ID, the key of that agent in Moderato's own configuration.
`

export interface TaskFlags {
  readonly task?: string | undefined
  readonly justification?: string | undefined
  readonly ticket?: string | undefined
  readonly grant?: readonly string[] | undefined
  readonly for?: string | undefined
  readonly id?: string | undefined
  readonly role?: string | undefined
  readonly proxy?: string | undefined
  readonly ca?: string | undefined
  readonly 'token-file'?: string | undefined
  readonly audience?: string | undefined
  readonly config?: string | undefined
  readonly agent?: string | undefined
  readonly region?: string | undefined
}

/** Holds what is needed to open a task. */
export interface TaskArguments {
  readonly place: ProxyPlace
  readonly proof: Proof
  /** The body for the tasks endpoint. */
  readonly body: Readonly<Record<string, unknown>>
  readonly loaded: LoadedConfig | undefined
}

type Surroundings = Readonly<Record<string, string>>

/** Reads the arguments; rejects with `Failure` or `ConfigError`, whose message says what to do. */
export async function wantedTask(flags: TaskFlags, surroundings: Surroundings): Promise<TaskArguments> {
  const loaded = flags.config === undefined ? undefined : await loadedFrom(flags.config, surroundings)
  const place = placeOf(flags, surroundings, loaded)
  return { place, body: bodyOf(flags), proof: await proofOf(flags, surroundings, loaded), loaded }
}

async function loadedFrom(file: string, surroundings: Surroundings): Promise<LoadedConfig> {
  const { loadConfigOfRunning } = await import('../config/load.ts')
  return loadConfigOfRunning(file, surroundings)
}

function placeOf(flags: TaskFlags, surroundings: Surroundings, loaded: LoadedConfig | undefined): ProxyPlace {
  const text = flags.proxy ?? surroundings['MODERATO_PROXY'] ?? addressIn(loaded)
  if (text === undefined) {
    throw new Failure(
      'the address of Moderato is missing: give --proxy URL, MODERATO_PROXY, or --config FILE with a fixed port',
    )
  }
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new Failure(`${JSON.stringify(text)} is not an http or https URL`)
  const isNear = isLoopbackUrl(url)
  if (url.protocol !== 'https:' && !isNear)
    throw new Failure(`${url.origin}: credentials are fetched over https only, or from a loopback address`)
  const ca = flags.ca ?? surroundings['MODERATO_CA'] ?? loaded?.config.listen.tls?.cert
  return { url, isNear, ca: url.protocol === 'https:' ? ca : undefined }
}

function addressIn(loaded: LoadedConfig | undefined): string | undefined {
  if (loaded === undefined) return undefined
  const { agents, tls } = loaded.config.listen
  // Port 0 means any port that was free at the start.
  return agents.port === 0 ? undefined : originOf(agents, tls !== undefined)
}

async function proofOf(
  flags: TaskFlags,
  surroundings: Surroundings,
  loaded: LoadedConfig | undefined,
): Promise<Proof> {
  if (flags.agent !== undefined) return { kind: 'key', ...keyOf(flags.agent, loaded) }
  const tokenFile = flags['token-file'] ?? surroundings['MODERATO_TOKEN_FILE']
  if (tokenFile !== undefined) return { kind: 'token', from: tokenFile, token: tokenIn(tokenFile) }
  const { MODERATO_ACCESS_KEY_ID: accessKeyId, MODERATO_SECRET_ACCESS_KEY: secretAccessKey } = surroundings
  if (accessKeyId !== undefined && secretAccessKey !== undefined)
    return { kind: 'key', accessKeyId, secretAccessKey }
  const endpoint = surroundings['SPIFFE_ENDPOINT_SOCKET']
  if (endpoint === undefined) {
    throw new Failure(
      'credentials are missing: give --token-file FILE, SPIFFE_ENDPOINT_SOCKET, MODERATO_ACCESS_KEY_ID and MODERATO_SECRET_ACCESS_KEY, or --config FILE --agent ID',
    )
  }
  // Its library is loaded only if there is such a socket.
  const { workloadSvid } = await import('./workload-svid.ts')
  const token = await workloadSvid(
    endpoint,
    flags.audience ?? surroundings['MODERATO_AUDIENCE'] ?? 'moderato',
  )
  return { kind: 'token', from: endpoint, token }
}

function keyOf(id: string, loaded: LoadedConfig | undefined) {
  if (loaded === undefined) throw new Failure('--agent needs --config FILE, which has the key of the agent')
  const agent = loaded.config.agents.find((each) => each.id === id)
  const { accessKeyId, secretAccessKey } = agent ?? {}
  if (accessKeyId !== undefined && secretAccessKey !== undefined) return { accessKeyId, secretAccessKey }
  throw new Failure(`${loaded.file} has no agent ${JSON.stringify(id)} with a key`)
}

function tokenIn(file: string): string {
  let text: string
  try {
    text = readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw new Failure(errorMessage(error))
  }
  if (/^[\w.~+/=-]+$/.test(text)) return text
  throw new Failure(`${file} does not contain a token`)
}

function bodyOf(flags: TaskFlags): Readonly<Record<string, unknown>> {
  const { justification, ticket, id, role, grant } = flags
  const seconds = flags.for === undefined ? undefined : Math.round(durationOf(flags.for) / 1000)
  return {
    ...(flags.task === undefined ? {} : { intent: flags.task }),
    ...(justification === undefined ? {} : { justification }),
    ...(ticket === undefined ? {} : { ticket }),
    ...(id === undefined ? {} : { id }),
    ...(role === undefined ? {} : { roleArn: role }),
    ...(grant === undefined ? {} : { grants: grant.map(grantOf) }),
    ...(seconds === undefined ? {} : { durationSeconds: seconds }),
  }
}

function durationOf(text: string): number {
  try {
    return parseDurationMs(text)
  } catch (error) {
    throw new Failure(`--for: ${errorMessage(error)}`)
  }
}

const CLASSES: ReadonlySet<string> = new Set(GRANTABLE)

/** Parses a grant such as `read,list=arn:aws:s3:::logs*`. */
function grantOf(text: string): { readonly classes: string[]; readonly resources: string[] } {
  const mark = text.indexOf('=')
  const classes = text.slice(0, Math.max(mark, 0)).split(',')
  const resource = text.slice(mark + 1)
  if (mark > 0 && resource !== '' && classes.every((each) => CLASSES.has(each)))
    return { classes, resources: [resource] }
  throw new Failure(
    `--grant ${JSON.stringify(text)}: write CLASS,CLASS=PATTERN with classes of ${[...CLASSES].join(', ')}`,
  )
}
