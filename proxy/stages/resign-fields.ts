/** The header fields that go on: what the agent's signature, its connection and its credentials were made of stays here. */
import type { Paced } from '../exchange.ts'
import { HOP_BY_HOP } from '../headers.ts'

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
  'x-amz-region-set',
  'x-amz-s3session-token',
  'x-amz-security-token',
])

/** Flat name, value list: `own` first, then all others in the order and spelling in which they came. */
export function outgoingFields(exchange: Paced, own: readonly string[]): string[] {
  const { headers } = exchange
  const fields = [...own]
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
