/** Checks that a command cannot reach what makes the proxy a security boundary (rule S22). */
import { spawnSync } from 'node:child_process'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hostOf } from '../core/addresses.ts'
import { namedFiles } from '../config/files.ts'
import type { LoadedConfig } from '../config/loaded.ts'
import type { ProxyPlace } from './agent-client.ts'
import type { Variables } from './child-environment.ts'
import type { Probed } from './probe.ts'

export interface User {
  readonly uid: number
  readonly gid: number
}

/** Holds the result of the check. */
export interface Separation {
  /** Things that the command could reach and must not. */
  readonly reached: readonly string[]
  /** Things that could not be checked. */
  readonly unchecked: readonly string[]
}

export interface SeparationOptions {
  readonly place: ProxyPlace
  readonly loaded: LoadedConfig | undefined
  /** The user of the command; if undefined, the user of this process. */
  readonly user: User | undefined
  /** The environment of this process. */
  readonly given: Variables
}

const PROBE = fileURLToPath(new URL('probe.ts', import.meta.url))
const PROBED_WITHIN_MS = 20_000
/** The port of the admin listener, unless the configuration sets another. */
const DEFAULT_ADMIN_PORT = 8081

/** Tries what that user can reach, in a separate process. What cannot be tried counts as reached. */
export function separation({ place, loaded, user, given }: SeparationOptions): Separation {
  const probed = probedFor({ place, loaded, given })
  const ran = spawnSync(process.execPath, [PROBE], {
    input: JSON.stringify(probed),
    encoding: 'utf8',
    env: { PATH: given['PATH'] ?? '' },
    cwd: '/',
    timeout: PROBED_WITHIN_MS,
    ...user,
  })
  const reached =
    ran.status === 0
      ? (JSON.parse(ran.stdout) as string[])
      : [
          `what that user can reach could not be checked: ${ran.error?.message ?? ran.stderr.split('\n', 5).join(' ')}`,
        ]
  return { reached, unchecked: loaded === undefined ? [WITHOUT_CONFIG] : [] }
}

const WITHOUT_CONFIG =
  'whether it can reach state, configuration, bundles, upstream credentials or the store: --config FILE is missing'

/** Returns the known places of everything that makes the proxy a security boundary. */
export function probedFor({ place, loaded, given }: Omit<SeparationOptions, 'user'>): Probed {
  const { port } = place.url
  const host = hostOf(place.url)
  const proxyPort = Number(port === '' ? (place.url.protocol === 'https:' ? 443 : 80) : port)
  const admin = loaded?.config.listen.admin ?? { host, port: DEFAULT_ADMIN_PORT }
  const store = storePort(loaded)
  return {
    files: [...(loaded === undefined ? [] : filesOf(loaded)), ...awsFiles(given)],
    ports: [
      ...(admin.port === 0 || admin.port === proxyPort ? [] : [{ ...admin, what: 'the admin listener' }]),
      ...(store === undefined ? [] : [{ ...store, what: 'the state store' }]),
    ],
    listeners: place.isNear ? [{ port: proxyPort, what: 'the proxy' }] : [],
    processes: hasAwsSecrets(given)
      ? [{ pid: process.pid, what: 'AWS credentials in the environment of moderato run itself' }]
      : [],
  }
}

/** The configuration, and what it names that is secret, or that decides. */
function filesOf({ file, config }: LoadedConfig): Probed['files'] {
  const kept = namedFiles(config).filter(({ kind }) => kind !== 'public' && kind !== 'socket')
  return [
    { path: file, what: 'the configuration' },
    ...kept.map((named) => ({ path: named.file, what: named.what })),
  ]
}

/** Returns the files where AWS clients find credentials by themselves. */
function awsFiles(given: Variables): Probed['files'] {
  const home = given['HOME'] ?? homedir()
  const paths = [
    given['AWS_SHARED_CREDENTIALS_FILE'] ?? join(home, '.aws/credentials'),
    given['AWS_CONFIG_FILE'] ?? join(home, '.aws/config'),
    given['AWS_WEB_IDENTITY_TOKEN_FILE'],
    given['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'],
    join(home, '.aws/sso/cache'),
    join(home, '.aws/cli/cache'),
  ]
  return paths.flatMap((path) =>
    path === undefined || path === '/dev/null' ? [] : [{ path, what: 'upstream credentials' }],
  )
}

function hasAwsSecrets(given: Variables): boolean {
  return ['AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_CONTAINER_AUTHORIZATION_TOKEN'].some(
    (name) => (given[name] ?? '') !== '',
  )
}

function storePort(loaded: LoadedConfig | undefined): { host: string; port: number } | undefined {
  const { store, url: text } = loaded?.config.state ?? {}
  const url = store === 'valkey' && text !== undefined ? URL.parse(text) : null
  if (url === null) return undefined
  return { host: hostOf(url), port: url.port === '' ? 6379 : Number(url.port) }
}
