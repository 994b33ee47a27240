/** Tokens that open a connection to a database or cache, as one user. What is said there, Moderato does not see. */
import { Denial } from '../../core/denial/denial.ts'
import type { Call } from '../../core/call.ts'
import { HeaderFields } from '../../core/http/headers.ts'
import { EMPTY_SHA256 } from '../../sigv4/payload.ts'
import { encode } from '../../sigv4/canonical-request.ts'
import type { SignBodyOf } from './body.ts'
import { arnPrefix, presignClasses, type Made, type SigningPlace } from './made.ts'

/**
 * IAM knows a database by an id that its host does not tell, so the user is the user of any; what the host does tell,
 * the instance, the cluster or that it is a proxy, is the second resource.
 */
export function rdsToken({ host, port, user }: SignBodyOf<'rds-token'>, place: SigningPlace): Made {
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

/** Both the cache and the user, as IAM has it. A token names no host: the cache's name stands in its place. */
export function elastiCacheToken(
  { cache, user, serverless }: SignBodyOf<'elasticache-token'>,
  place: SigningPlace,
): Made {
  // Refuses a region that may not be reached; the host itself is not in the token.
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

/** No API model has these: `opaque`, since what runs on the connection is not shown. */
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

/** The end of a database's ARN. RDS takes no other name in a token than its own for the endpoint. */
function databaseOf(host: string, place: SigningPlace): string {
  // `rds.us-east-1.amazonaws.com`: what is behind the region is the partition's own.
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
    `The host must be the name that RDS gave to a database in ${place.region}, and no other name for it.`,
  )
}
