/** Parses the signature of a presigned URL (query authentication) from its query string. */
import { Denial } from '../core/denial/denial.ts'
import type { Authorization, Presigned } from './types.ts'
import { splitPair } from '../core/http/query-pair.ts'
import {
  ALGORITHM,
  ECDSA_ALGORITHM,
  malformedAuthorization,
  parseRegionSet,
  parseSignedHeaders,
} from './credential.ts'

/** Lists the parameters that authenticate, in the one spelling that signers use. */
const PARAMETERS = [
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Date',
  'X-Amz-Expires',
  'X-Amz-Region-Set',
  'X-Amz-Security-Token',
  'X-Amz-Signature',
  'X-Amz-SignedHeaders',
] as const
const SPELLINGS: ReadonlyMap<string, string> = new Map(PARAMETERS.map((name) => [name.toLowerCase(), name]))

const CREDENTIAL = /^([\w-]{1,128})\/(\d{8})\/([a-z0-9-]{1,63})\/([A-Za-z0-9-]{1,63})\/aws4_request$/
const ECDSA_CREDENTIAL = /^([\w-]{1,128})\/(\d{8})\/([A-Za-z0-9-]{1,63})\/aws4_request$/
const NAMES = /^(?:(?::authority;)?[a-z0-9!#$%&'*+.^_`|~;-]+|:authority)$/
const SIGNATURE = /^[0-9a-f]{64}$/
const ECDSA_SIGNATURE = /^(?:[0-9a-f]{2}){8,72}$/
/** AWS allows a week (S3 API, "Authenticating requests: using query parameters"). */
const MAX_EXPIRES_SECONDS = 604_800

/** Returns how a query string authenticates, if it does. The upstream decodes names, so encoded ones count too. */
export function queryForm(query: string): 'sigv4' | 'sigv2' | undefined {
  if (query === '') return undefined
  for (const pair of query.split('&')) {
    const name = lenientName(pair)
    if (SPELLINGS.has(name)) return 'sigv4'
    if (name === 'awsaccesskeyid') return 'sigv2'
  }
  return undefined
}

/**
 * Parses the credential of a query string that `queryForm` calls SigV4; it verifies nothing. It is strict: each
 * parameter may stand once, in its one spelling; a header that was moved into the query may stand there once. Throws
 * Denial `malformed_authorization` or `malformed_request`.
 */
export function parseQueryAuthorization(query: string): Authorization {
  const { given, ...parts } = take(query)
  const algorithm = given.get('X-Amz-Algorithm')
  if (algorithm !== ALGORITHM && algorithm !== ECDSA_ALGORITHM) {
    throw malformedAuthorization('X-Amz-Algorithm must be AWS4-HMAC-SHA256 or AWS4-ECDSA-P256-SHA256.')
  }
  const ecdsa = algorithm === ECDSA_ALGORITHM
  const [, accessKeyId, date, ...place] =
    (ecdsa ? ECDSA_CREDENTIAL : CREDENTIAL).exec(given.get('X-Amz-Credential') ?? '') ?? []
  const service = place.at(-1)
  const names = given.get('X-Amz-SignedHeaders') ?? ''
  const signature = given.get('X-Amz-Signature') ?? ''
  if (accessKeyId === undefined || date === undefined || service === undefined) {
    throw malformedAuthorization(
      'X-Amz-Credential must be KEYID/YYYYMMDD/region/service/aws4_request (SigV4a: no region).',
    )
  }
  if (!NAMES.test(names))
    throw malformedAuthorization('X-Amz-SignedHeaders must be header names in lower case.')
  if (!(ecdsa ? ECDSA_SIGNATURE : SIGNATURE).test(signature)) {
    throw malformedAuthorization('X-Amz-Signature must be hexadecimal digits.')
  }
  if (!ecdsa && given.has('X-Amz-Region-Set'))
    throw malformedAuthorization('X-Amz-Region-Set belongs to SigV4a.')
  const region = ecdsa ? parseRegionSet(given.get('X-Amz-Region-Set')) : (place[0] ?? '')
  return {
    algorithm,
    accessKeyId,
    scope: { date, region, service },
    signedHeaders: parseSignedHeaders(names),
    signature,
    presigned: {
      amzDate: given.get('X-Amz-Date') ?? '',
      expiresSeconds: expires(given.get('X-Amz-Expires')),
      securityToken: given.get('X-Amz-Security-Token'),
      ...parts,
    },
  }
}

type Taken = Pick<Presigned, 'query' | 'serviceQuery' | 'hoisted'> & {
  readonly given: ReadonlyMap<string, string>
}

/** Splits the query into what authenticates, headers that were moved there, and the service's own parameters. */
function take(query: string): Taken {
  const given = new Map<string, string>()
  const hoisted = new Map<string, string>()
  const rest: string[] = []
  const own: string[] = []
  for (const pair of query.split('&')) {
    const [encodedName, value] = splitPair(pair)
    const name = decoded(encodedName)
    const lower = name.toLowerCase()
    const spelling = SPELLINGS.get(lower)
    if (spelling === undefined) rest.push(pair)
    if (!lower.startsWith('x-amz-')) {
      own.push(pair)
      continue
    }
    if (spelling !== undefined && spelling !== name)
      throw malformedAuthorization(`The query parameter must be spelled ${spelling}.`)
    const place = spelling === undefined ? hoisted : given
    const key = spelling ?? lower
    if (place.has(key))
      throw malformedAuthorization(`The query parameter ${key} is there twice; send it once.`)
    place.set(key, decoded(value))
  }
  return { given, query: rest.join('&'), serviceQuery: own.join('&'), hoisted: [...hoisted].flat() }
}

function expires(text: string | undefined): number {
  const seconds = /^\d{1,6}$/.test(text ?? '') ? Number(text) : 0
  if (seconds >= 1 && seconds <= MAX_EXPIRES_SECONDS) return seconds
  throw malformedAuthorization(`X-Amz-Expires must be 1 to ${MAX_EXPIRES_SECONDS} seconds.`)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Denial('malformed_request', 'The query string is not valid UTF-8 in percent-encoding.')
  }
}

function lenientName(pair: string): string {
  const [name] = splitPair(pair)
  if (!name.includes('%')) return name.toLowerCase()
  return name
    .replace(/%[0-9a-fA-F]{2}/g, (hex) => String.fromCharCode(parseInt(hex.slice(1), 16)))
    .toLowerCase()
}
