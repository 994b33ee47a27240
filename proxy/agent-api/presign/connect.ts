/** Describes tokens that open a connection to a database or cache as one user. Moderato does not see its traffic. */
import { Denial } from '../../core/denial/denial.ts'
import type { Call } from '../../core/call.ts'
import { HeaderFields } from '../../core/http/headers.ts'
import { EMPTY_SHA256 } from '../../sigv4/payload.ts'
import { encode } from '../../sigv4/canonical-request.ts'
import type { SignBodyOf } from './body.ts'
import { arnPrefix, presignClasses, type SignableCall, type SigningPlace } from './signable-call.ts'

/**
 * Describes a token for an RDS database. IAM identifies a database by an id that the host does not contain, so the first
 * resource is the user on any database. The second is what the host does name: an instance, a cluster or a proxy.
 */
export function rdsToken({ host, port, user }: SignBodyOf<'rds-token'>, place: SigningPlace): SignableCall {
  const users = `${arnPrefix('rds-db', place)}dbuser:*/${user}`
  const database = `${arnPrefix('rds', place)}${databaseOf(host, place)}`
  return {
    call: connect('rds-db', 'connect', [users, database]),
    presign: {
      ...connection(`${host}:${port}`, `Action=connect&DBUser=${encode(user)}`),
      signingName: 'rds-db',
      statement: { actions: ['rds-db:connect'], resources: [users] },
    },
  }
}

/** Describes a token for an ElastiCache cache. IAM checks the cache and the user; the cache's name takes the host's place. */
export function elastiCacheToken(
  { cache, user, serverless }: SignBodyOf<'elasticache-token'>,
  place: SigningPlace,
): SignableCall {
  // This refuses a region that may not be reached; the token itself has no host.
  place.hostOf('elasticache')
  const prefix = arnPrefix('elasticache', place)
  const kind = serverless ? 'serverlesscache' : 'replicationgroup'
  const resources = [`${prefix}${kind}:${cache}`, `${prefix}user:${user}`]
  const type = serverless ? '&ResourceType=ServerlessCache' : ''
  return {
    call: connect('elasticache', 'Connect', resources),
    presign: {
      ...connection(cache, `Action=connect&User=${encode(user)}${type}`),
      signingName: 'elasticache',
      statement: { actions: ['elasticache:Connect'], resources },
    },
  }
}

function connection(host: string, query: string) {
  return {
    request: { method: 'GET', path: '/', query, headers: new HeaderFields(['host', host]) },
    origin: `https://${host}`,
    payloadHash: EMPTY_SHA256,
  }
}

/** Returns a call that no API model has; it is `opaque`, since Moderato does not see what runs on the connection. */
function connect(service: string, action: string, resources: readonly string[]): Call {
  return {
    service,
    model: service,
    operation: action,
    protocol: 'query',
    actions: [`${service}:${action}`],
    resources,
    count: 1,
    ...presignClasses(['opaque']),
    traits: [],
    unmodelled: [],
    facts: {},
    accessLevel: 'Write',
    hostPrefix: '',
    bucket: undefined,
  }
}

const HOST =
  /^(?<name>[a-z][a-z0-9-]{0,62})\.(?<kind>(?:cluster-ro-|cluster-custom-|cluster-|proxy-)?)[a-z0-9]+$/
const PROXY_ENDPOINT = /^[a-z][a-z0-9-]{0,62}\.endpoint\.proxy-[a-z0-9]+$/

/** Returns the end of a database's ARN. RDS accepts only its own name of the endpoint in a token. */
function databaseOf(host: string, place: SigningPlace): string {
  // In `rds.us-east-1.amazonaws.com`, the part after the region belongs to the partition.
  const dns = place.hostOf('rds').slice(`rds.${place.region}`.length)
  const suffix = [`.${place.region}.rds${dns}`, `.rds.${place.region}${dns}`].find((each) =>
    host.endsWith(each),
  )
  const own = suffix === undefined ? '' : host.slice(0, -suffix.length)
  if (PROXY_ENDPOINT.test(own)) return 'db-proxy-endpoint:*'
  const { name = '', kind } = HOST.exec(own)?.groups ?? {}
  if (kind === 'proxy-') return 'db-proxy:*'
  if (kind === 'cluster-custom-') return `cluster-endpoint:${name}`
  if (kind === 'cluster-' || kind === 'cluster-ro-') return `cluster:${name}`
  if (kind === '') return `db:${name}`
  throw new Denial(
    'endpoint_refused',
    `The host must be the endpoint name that RDS gave to a database in ${place.region}, not another name of it.`,
  )
}
