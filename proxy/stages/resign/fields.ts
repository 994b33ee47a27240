/** The header fields that go on: what the agent's signature, its connection and its credentials were made of stays here. */
import type { Paced } from '../../exchange/exchange.ts'
import { endToEndHeaders } from '../../core/http/end-to-end-headers.ts'

/** Flat name, value list: `own` first, then all others in the order and spelling in which they came. */
export function outgoingFields(exchange: Paced, own: readonly string[]): string[] {
  const fields = [...own]
  const lengthBytes = outgoingLength(exchange)
  if (lengthBytes !== undefined) fields.push('content-length', String(lengthBytes))
  return fields.concat(endToEndHeaders(exchange.headers))
}

/** Undefined: chunked transfer coding, or a request that never spoke of a body. */
function outgoingLength({ outgoing, body, headers }: Paced): number | undefined {
  if (outgoing.kind === 'buffered') return outgoing.bytes.length
  if (outgoing.kind === 'streamed') return body.lengthBytes
  return headers.has('content-length') ? 0 : undefined
}
