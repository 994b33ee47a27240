/**
 * Makes the digest of a call: what people approve, and what the call that is made must be, byte for byte (rule S17).
 */
import { createHash } from 'node:crypto'
import type { Classified } from '../exchange/exchange.ts'
import { endToEndHeaders } from '../core/http/end-to-end-headers.ts'
import { EMPTY_SHA256 } from '../sigv4/payload.ts'
import { tokensOf, type Tokens } from './idempotency.ts'

/**
 * Fields that differ each time the same call is made, beside those that never go on and those of `tokensOf`. The hash of
 * the body is one: it changes with a token in the body, whose bytes are hashed here.
 */
const LEFT_OUT = new Set([
  'amz-sdk-invocation-id',
  'amz-sdk-request',
  'user-agent',
  'x-amz-content-sha256',
  'x-amz-user-agent',
])

/**
 * Returns the hex SHA-256 over method, host, account, region, service, path, query, every field that goes on and the
 * body's bytes; without the date, the authorization, the session token, the invocation id and attempt, the user agent
 * and idempotency tokens. Undefined where the body's content is not known before it is sent: it is unsigned, or comes
 * in chunks.
 */
export function digestOf(exchange: Classified): string | undefined {
  const { method, headers, path, authorization, call } = exchange
  const tokens = tokensOf(`${call.service}:${call.operation}`, call.protocol)
  const body = bodyHash(exchange, tokens)
  if (body === undefined) return undefined
  const query = authorization.presigned?.query ?? exchange.query
  const { region, service } = authorization.scope
  const parts = [
    method,
    headers.all('host'),
    exchange.accountId ?? '',
    region,
    service,
    path,
    tokens.query(query),
    fieldsOf(exchange, tokens),
    body,
  ]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

/** By name, since the order of fields means nothing; those of one name in the order in which they came. */
function fieldsOf({ headers }: Classified, tokens: Tokens): readonly string[][] {
  const raw = endToEndHeaders(headers)
  const fields: string[][] = []
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase()
    if (!LEFT_OUT.has(name) && !tokens.header(name)) fields.push([name, raw[i + 1] as string])
  }
  return fields.toSorted(([a = ''], [b = '']) => (a < b ? -1 : a > b ? 1 : 0))
}

function bodyHash({ outgoing, payload }: Classified, tokens: Tokens): string | undefined {
  if (outgoing.kind === 'buffered') {
    const bytes = outgoing.isDocument === true ? tokens.body(outgoing.bytes) : outgoing.bytes
    return createHash('sha256').update(bytes).digest('hex')
  }
  if (payload.kind === 'declared' || payload.kind === 'hashed') return payload.sha256
  return outgoing.kind === 'empty' ? EMPTY_SHA256 : undefined
}
