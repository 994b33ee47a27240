/** Makes the request ours: upstream host, upstream credentials, a new signature; nothing of the agent's own. */
import { Denial } from '../denial.ts'
import type { Paced, Resigned } from '../exchange.ts'
import { HeaderFields, HOP_BY_HOP } from '../headers.ts'
import type { Clock, CredentialSource, Credentials } from '../ports.ts'
import { canonicalPayloadHash } from '../sigv4/payload.ts'
import { signRequest } from '../sigv4/sign.ts'
import { formatAmzDate } from '../sigv4/signing-date.ts'
import { SigningKeys } from '../sigv4/signing-key.ts'

/** Where a call goes, and under which name it is signed there. */
export interface Endpoint {
  /** `https://host[:port]`. */
  readonly origin: string
  /** The `Host` header, with the port if it is not the scheme's own. */
  readonly host: string
  readonly signingName: string
  readonly signingRegion: string
  /** Path and query as they go on the wire. */
  readonly target: string
}

export interface ResignOptions {
  readonly credentials: CredentialSource
  readonly endpoint: (exchange: Paced) => Endpoint
  readonly clock: Clock
  readonly keys?: SigningKeys
}

/** Paced -> Resigned. Credentials are fetched only now; without them, denial `upstream_credentials`. */
export function resign({ credentials, endpoint, clock, keys = new SigningKeys() }: ResignOptions) {
  return async function resign(exchange: Paced): Promise<Resigned> {
    const { origin, host, signingName, signingRegion, target } = endpoint(exchange)
    const current = await fetchCredentials(credentials)
    const amzDate = formatAmzDate(clock.nowMs())
    const fields = outgoingFields(exchange, host, amzDate, current.sessionToken)
    const mark = target.indexOf('?')
    const authorization = signRequest(
      {
        method: exchange.method,
        path: mark < 0 ? target : target.slice(0, mark),
        query: mark < 0 ? '' : target.slice(mark + 1),
        headers: new HeaderFields(fields),
      },
      canonicalPayloadHash(exchange.payload),
      { region: signingRegion, service: signingName, amzDate },
      current,
      keys,
    )
    fields.push('authorization', authorization)
    return { ...exchange, signed: { origin, target, headers: fields } }
  }
}

async function fetchCredentials(source: CredentialSource): Promise<Credentials> {
  try {
    return await source.current()
  } catch (cause) {
    throw new Denial('upstream_credentials', 'The source of upstream credentials failed.', { cause })
  }
}

/** Fields of one hop, fields of the agent's signature, and fields that are set anew. */
const NOT_PASSED_ON = new Set([
  ...HOP_BY_HOP,
  'authorization',
  'content-length',
  'date',
  'expect',
  'host',
  'proxy-authorization',
  'x-amz-date',
  'x-amz-s3session-token',
  'x-amz-security-token',
])

/** Flat name, value list: ours first, then all others in the order and spelling in which they came. */
function outgoingFields(
  exchange: Paced,
  host: string,
  amzDate: string,
  sessionToken: string | undefined,
): string[] {
  const { headers } = exchange
  const fields = ['host', host, 'x-amz-date', amzDate]
  if (sessionToken !== undefined) fields.push('x-amz-security-token', sessionToken)
  const lengthBytes = outgoingLength(exchange)
  if (lengthBytes !== undefined) fields.push('content-length', String(lengthBytes))
  const namedByConnection = headers
    .all('connection')
    .flatMap((value) => value.split(',').map((name) => name.trim().toLowerCase()))
  for (let i = 0; i + 1 < headers.raw.length; i += 2) {
    const name = headers.raw[i] as string
    const lower = name.toLowerCase()
    if (NOT_PASSED_ON.has(lower) || namedByConnection.includes(lower)) continue
    fields.push(name, headers.raw[i + 1] as string)
  }
  return fields
}

/** Undefined: chunked transfer coding, or a request that never spoke of a body. */
function outgoingLength({ outgoing, body, headers }: Paced): number | undefined {
  if (outgoing.kind === 'buffered') return outgoing.bytes.length
  if (outgoing.kind === 'streamed') return body.lengthBytes
  return headers.has('content-length') ? 0 : undefined
}
