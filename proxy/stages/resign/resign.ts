/** Builds the upstream request: upstream host, upstream credentials and a new signature, none of the agent's own. */
import type { ApprovalConsumed } from '../../exchange/facts.ts'
import type { Equipped, Paced, Resigned } from '../../exchange/exchange.ts'
import { HeaderFields } from '../../core/http/headers.ts'
import type { Clock } from '../../core/ports.ts'
import { ALGORITHM } from '../../sigv4/credential.ts'
import { canonicalPayloadHash } from '../../sigv4/payload.ts'
import { presign } from '../../sigv4/presign.ts'
import { signRequest } from '../../sigv4/sign.ts'
import { Signatures } from '../../sigv4/signatures.ts'
import { formatAmzDate } from '../../sigv4/signing-date.ts'
import type { Endpoint, SignedRequest } from '../../exchange/upstream.ts'
import { outgoingFields } from './fields.ts'

/** Declares what `resign` needs. */
export interface ResignOptions {
  readonly endpoint: (exchange: Paced) => Endpoint
  readonly clock: Clock
  readonly signatures?: Signatures
}

/** Moderato uses its own presigned URL at once. */
const PRESIGNED_SECONDS = 300

/** Signs the call again, with upstream credentials, in the form in which it came. */
export function resign({ endpoint, clock, signatures = new Signatures() }: ResignOptions) {
  return function resign(exchange: Equipped & ApprovalConsumed): Resigned {
    const destination = endpoint(exchange)
    const amzDate = formatAmzDate(clock.nowMs())
    const sign = exchange.authorization.presigned === undefined ? signHead : signQuery
    return { ...exchange, signed: sign(exchange, destination, amzDate, signatures) }
  }
}

/** Signs in the `Authorization` header. */
function signHead(
  exchange: Equipped,
  { origin, host, signingName, signingRegion, path }: Endpoint,
  amzDate: string,
  signatures: Signatures,
): SignedRequest {
  const { method, query, payload, authorization } = exchange
  const { credentials: owner } = exchange.signer
  const { algorithm } = authorization
  const token = owner.sessionToken === undefined ? [] : ['x-amz-security-token', owner.sessionToken]
  // The agent may have signed for more regions; ours names only where the call may go.
  const regionSet = algorithm === ALGORITHM ? [] : ['x-amz-region-set', signingRegion]
  const fields = outgoingFields(exchange, ['host', host, 'x-amz-date', amzDate, ...regionSet, ...token])
  const scope = { date: amzDate.slice(0, 8), region: signingRegion, service: signingName }
  const { authorization: value, signature } = signRequest(
    { method, path, query, headers: new HeaderFields(fields) },
    canonicalPayloadHash(payload),
    { algorithm, scope, amzDate },
    owner,
    signatures,
  )
  fields.push('authorization', value)
  const bodySigner = signatures.ofBody(payload.kind, algorithm, owner, amzDate, scope, signature)
  return { origin, target: query === '' ? path : `${path}?${query}`, headers: fields, bodySigner }
}

/** Signs in the query string: a service reads headers that were moved there only if the signature is there too. */
function signQuery(
  exchange: Equipped,
  { origin, host, signingName, signingRegion, path }: Endpoint,
  amzDate: string,
  signatures: Signatures,
): SignedRequest {
  const { method, payload, authorization } = exchange
  const { credentials: owner } = exchange.signer
  const { algorithm, presigned, signedHeaders } = authorization
  const fields = outgoingFields(exchange, ['host', host])
  const headers = new HeaderFields(fields)
  const query = presign(
    { method, path, query: presigned?.query ?? '', headers },
    canonicalPayloadHash(payload),
    {
      algorithm,
      amzDate,
      scope: { date: amzDate.slice(0, 8), region: signingRegion, service: signingName },
      expiresSeconds: PRESIGNED_SECONDS,
      // Headers that the URL's holder added stay unsigned.
      signedHeaders: signedHeaders.filter((name) => headers.has(name)),
    },
    owner,
    signatures,
  )
  return { origin, target: `${path}?${query}`, headers: fields, bodySigner: undefined }
}
