/**
 * The environment of a command that works on a task: all that leads AWS clients to the proxy with the task's own
 * credentials, and nothing that leads them past it or to other ones. Pure.
 */
import { hostOf } from '../core/addresses.ts'
import type { Opened, ProxyPlace } from './agent-client.ts'

export type Variables = Readonly<Record<string, string>>

export interface TaskEnvironment {
  readonly opened: Opened
  readonly place: ProxyPlace
  readonly region: string | undefined
  /** W3C trace context. */
  readonly traceparent: string
}

/**
 * Of the variables of AWS these alone are kept: they say where and how, never who. Any other may name a profile, a
 * file, a token, or an endpoint of a service beside the proxy (`AWS_ENDPOINT_URL_S3`).
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
/** What belongs to AWS, to older AWS tools, to Moderato's own commands, or to the workload identity of who runs them. */
const REMOVED =
  /^(?:_?AWS_|_X_AMZN_|AMAZON_|EC2_|BOTO_|MODERATO_|SPIFFE_|ECS_CONTAINER_METADATA_|TRACEPARENT$)/i
/** Beside a HOME of its own they would lead back to the one before. */
const HOMES = /^XDG_(?:CONFIG|CACHE|DATA|STATE)_HOME$/
const NAMES_A_SECRET = /(?:SECRET|TOKEN|PASSWORD|_KEY)(?!.*_FILE$)/i
/** Shorter values are words that stand in many places. */
const MIN_SECRET_CHARACTERS = 12

/** What of an environment a command of a task must not have. A secret does not pass under another name either. */
export function removedFrom(given: Variables, secrets: readonly string[]): string[] {
  const isRemoved = (name: string): boolean => REMOVED.test(name) && !KEPT.has(name)
  const known = [
    ...secrets,
    ...Object.entries(given).flatMap(([name, value]) =>
      isRemoved(name) && NAMES_A_SECRET.test(name) ? [value] : [],
    ),
  ].filter(({ length }) => length >= MIN_SECRET_CHARACTERS)
  return Object.entries(given).flatMap(([name, value]) =>
    isRemoved(name) || known.some((secret) => value.includes(secret)) ? [name] : [],
  )
}

/** What a command of a task is given. */
export function taskVariables(
  { opened, place, region, traceparent }: TaskEnvironment,
  given: Variables,
): Variables {
  const { task } = opened
  const endpoint = place.url.origin
  // Some clients read the one name, some the other.
  const where = region ?? given['AWS_REGION'] ?? given['AWS_DEFAULT_REGION']
  return {
    AWS_ENDPOINT_URL: endpoint,
    // The SDK for Go asks the real STS without it.
    AWS_ENDPOINT_URL_STS: endpoint,
    ...credentialVariables(opened, place),
    // Neither profiles nor keys from files, whatever HOME is.
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_SDK_UA_APP_ID: task.id.replaceAll(/[^\w.-]/g, '-').slice(0, 50),
    ...(where === undefined ? {} : { AWS_REGION: where, AWS_DEFAULT_REGION: where }),
    ...(place.ca === undefined ? {} : { AWS_CA_BUNDLE: place.ca, NODE_EXTRA_CA_CERTS: place.ca }),
    TRACEPARENT: traceparent,
    _X_AMZN_TRACE_ID: xrayOf(traceparent),
    ...noProxy(place, given),
  }
}

/** The whole environment of a command. */
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
 * SDKs fetch from http on a loopback address alone (a private authority of https does not do for botocore); elsewhere
 * the credentials stand in the environment themselves.
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

/** The CLI and boto3 send even what is for a loopback address through a proxy of the environment. */
function noProxy({ url }: ProxyPlace, given: Variables): Variables {
  const host = hostOf(url)
  const before = given['NO_PROXY'] ?? given['no_proxy']
  const value = before === undefined || before === '' ? host : `${before},${host}`
  return { NO_PROXY: value, no_proxy: value }
}

/** The same trace as X-Ray writes it. */
function xrayOf(traceparent: string): string {
  const [, trace = '', parent = ''] = traceparent.split('-')
  return `Root=1-${trace.slice(0, 8)}-${trace.slice(8)};Parent=${parent};Sampled=1`
}
