/** Selects the header fields of an agent that are forwarded to the service. */
import { HOP_BY_HOP, type HeaderFields } from './headers.ts'

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

/** Returns the forwarded fields as a flat list (name, value, name, ...), in the order and spelling of arrival. */
export function endToEndHeaders(headers: HeaderFields): string[] {
  const fields: string[] = []
  const namedByConnection = headers
    .all('connection')
    .flatMap((value) => value.split(',').map((name) => name.trim().toLowerCase()))
  const { raw, lowerNames } = headers
  for (const [index, lower] of lowerNames.entries()) {
    if (NOT_PASSED_ON.has(lower) || namedByConnection.includes(lower)) continue
    fields.push(raw[2 * index] as string, raw[2 * index + 1] as string)
  }
  return fields
}
