/** Chooses the header fields that go upstream: those of the agent's signature, connection and credentials do not. */
import type { Paced } from '../../exchange/exchange.ts'
import { endToEndHeaders } from '../../core/http/end-to-end-headers.ts'

/** Returns a flat name, value list: `own` first, then the others in the order and spelling in which they came. */
export function outgoingFields(exchange: Paced, own: readonly string[]): string[] {
  const fields = [...own]
  const lengthBytes = outgoingLength(exchange)
  if (lengthBytes !== undefined) fields.push('content-length', String(lengthBytes))
  return fields.concat(endToEndHeaders(exchange.headers))
}

/** Returns the body's length; undefined for chunked transfer coding, and for a request without a body. */
function outgoingLength({ outgoing, body, headers }: Paced): number | undefined {
  if (outgoing.kind === 'buffered') return outgoing.bytes.length
  if (outgoing.kind === 'streamed') return body.lengthBytes
  return headers.has('content-length') ? 0 : undefined
}
