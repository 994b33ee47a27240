/** Reads the head of a service's answer byte for byte. */
import type { Dispatcher } from 'undici'
import { HOP_BY_HOP } from '../../core/http/headers.ts'

/** What a decoder puts where bytes are not UTF-8. */
const REPLACEMENT = '\ufffd'

/** Returns the upstream's fields in their order and spelling, without those of its connection. */
export function relayedFields(raw: Dispatcher.DispatchController['rawHeaders']): string[] {
  const kept: string[] = []
  if (!Array.isArray(raw)) return kept
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = textOf(raw[i])
    const lower = name.toLowerCase()
    // These names are Moderato's own: no upstream may set them.
    if (HOP_BY_HOP.has(lower) || lower.startsWith('x-moderato-')) continue
    kept.push(name, textOf(raw[i + 1]))
  }
  return kept
}

/** Returns the text of a field, one character for each byte: fields are not UTF-8 (RFC 9110 5.5). */
function textOf(part: Buffer | string | undefined): string {
  return typeof part === 'string' ? part : (part?.toString('latin1') ?? '')
}

/**
 * Returns the reason phrase, one character for each byte. undici has decoded it as UTF-8. Bytes that are not UTF-8 are
 * lost by then, so the phrase is left out: it means nothing (RFC 9112 4).
 */
export function relayedReason(decoded: string | undefined): string | undefined {
  if (decoded === undefined) return undefined
  return decoded.includes(REPLACEMENT) ? '' : Buffer.from(decoded, 'utf8').toString('latin1')
}

/** Returns the only or the first value of a field. */
export function firstOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}
