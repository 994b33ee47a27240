/**
 * Builds the environment of a command that works on a task. It leads AWS clients to the proxy with the task's own
 * credentials, and has nothing that leads them around the proxy or to other credentials. Pure.
 */
import { hostOf } from '../core/addresses.ts'
import type { Opened, ProxyPlace } from './agent-client.ts'
import { endpointVariables } from './client-settings.ts'

export type Variables = Readonly<Record<string, string>>

export interface TaskEnvironment {
  readonly opened: Opened
  readonly place: ProxyPlace
  readonly region: string | undefined
  /** W3C trace context. */
  readonly traceparent: string
}

/**
 * Lists the only AWS variables that are kept: they say where and how, never who. Any other may name a profile, a file, a
 * token, or an endpoint that bypasses the proxy (`AWS_ENDPOINT_URL_S3`).
 */
const KEPT: ReadonlySet<string> = new Set([
  'AWS_REGION',
  'AWS_DEFAULT_REGION',
  'AWS_DEFAULT_OUTPUT',
  'AWS_DEFAULTS_MODE',
  'AWS_MAX_ATTEMPTS',
  'AWS_RETRY_MODE',
  'AWS_PAGER',
  'AWS_CLI_AUTO_PROMPT',
])
/** Matches variables of AWS, of older AWS tools, of Moderato's own commands, and of the caller's workload identity. */
const REMOVED =
  /^(?:_?AWS_|_X_AMZN_|AMAZON_|EC2_|BOTO_|MODERATO_|SPIFFE_|ECS_CONTAINER_METADATA_|TRACEPARENT$)/i
/** Matches options of Java: a system property of the SDK for Java comes before every variable. */
const JAVA_PROPERTY = /-Daws\./
/** Matches variables that would lead from the command's own HOME back to the caller's. */
const HOMES = /^XDG_(?:CONFIG|CACHE|DATA|STATE)_HOME$/
const NAMES_A_SECRET = /(?:SECRET|TOKEN|PASSWORD|_KEY)(?!.*_FILE$)/i
/** Shorter values may be common words, which stand in many variables. */
const MIN_SECRET_CHARACTERS = 12

/** Returns the variables that a command of a task must not have. A secret is removed under any name. */
export function removedFrom(given: Variables, secrets: readonly string[]): string[] {
  const isRemoved = (name: string): boolean => REMOVED.test(name) && !KEPT.has(name)
  const known = [
    ...secrets,
    ...Object.entries(given).flatMap(([name, value]) =>
      isRemoved(name) && NAMES_A_SECRET.test(name) ? [value] : [],
    ),
  ].filter(({ length }) => length >= MIN_SECRET_CHARACTERS)
  return Object.entries(given).flatMap(([name, value]) =>
    isRemoved(name) || JAVA_PROPERTY.test(value) || known.some((secret) => value.includes(secret))
      ? [name]
      : [],
  )
}

/** Returns the region that was asked for, or else that of the environment. */
export function regionOf({ region }: Pick<TaskEnvironment, 'region'>, given: Variables): string | undefined {
  return region ?? given['AWS_REGION'] ?? given['AWS_DEFAULT_REGION']
}

/** Returns the variables that a command of a task gets. */
export function taskVariables(
  { opened, place, region, traceparent }: TaskEnvironment,
  given: Variables,
): Variables {
  const { task } = opened
  // Some clients read one name, some the other.
  const where = regionOf({ region }, given)
  return {
    ...endpointVariables(place.url.origin),
    ...credentialVariables(opened, place),
    // No profiles or keys from files, whatever HOME is.
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    // Version 1 of the SDK for Java has this name for it. It reads the home of the user's account, not HOME.
    AWS_CREDENTIAL_PROFILES_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_SDK_UA_APP_ID: task.id.replaceAll(/[^\w.-]/g, '-').slice(0, 50),
    ...(where === undefined ? {} : { AWS_REGION: where, AWS_DEFAULT_REGION: where }),
    ...(place.ca === undefined ? {} : { AWS_CA_BUNDLE: place.ca, NODE_EXTRA_CA_CERTS: place.ca }),
    TRACEPARENT: traceparent,
    _X_AMZN_TRACE_ID: xrayOf(traceparent),
    ...noProxy(place, given),
  }
}

/** Returns the whole environment of a command. */
export function childEnvironment(
  task: TaskEnvironment,
  given: Variables,
  { secrets, home }: { readonly secrets: readonly string[]; readonly home: string | undefined },
): Variables {
  const removed = new Set(removedFrom(given, secrets))
  const kept = Object.entries(given).filter(
    ([name]) => !removed.has(name) && (home === undefined || !HOMES.test(name)),
  )
  return {
    ...Object.fromEntries(kept),
    ...taskVariables(task, given),
    ...(home === undefined ? {} : { HOME: home }),
  }
}

/**
 * Returns the variables for credentials. SDKs fetch them by http only from a loopback address (botocore accepts no
 * private CA for https); elsewhere the credentials themselves are in the environment.
 */
function credentialVariables(
  { containerToken, credentials }: Opened,
  { url, isNear }: ProxyPlace,
): Variables {
  if (isNear && url.protocol === 'http:') {
    return {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${url.origin}/.moderato/v1/credentials`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: containerToken,
    }
  }
  return {
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
  }
}

/** Exempts the proxy's host: the CLI and boto3 use a proxy of the environment even for a loopback address. */
function noProxy({ url }: ProxyPlace, given: Variables): Variables {
  const host = hostOf(url)
  const before = given['NO_PROXY'] ?? given['no_proxy']
  const value = before === undefined || before === '' ? host : `${before},${host}`
  return { NO_PROXY: value, no_proxy: value }
}

/** Returns the same trace in X-Ray's format. */
function xrayOf(traceparent: string): string {
  const [, trace = '', parent = ''] = traceparent.split('-')
  return `Root=1-${trace.slice(0, 8)}-${trace.slice(8)};Parent=${parent};Sampled=1`
}
