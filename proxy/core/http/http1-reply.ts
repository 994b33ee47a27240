/** Writes answers to HTTP/1.1 connections, so that their fields arrive byte for byte. */
import { ServerResponse, STATUS_CODES } from 'node:http'

const NOTHING = Buffer.alloc(0)
const ASCII = /^[\t\x20-\x7e]*$/

/**
 * An Http1Reply is the answer of `node:http`, but the bytes of its head from 0x80 up stay as they are. The text of a
 * field has one character for each byte: fields are not UTF-8 (RFC 9110 5.5).
 */
export class Http1Reply extends ServerResponse {
  #fields: readonly string[] = []

  /** Takes the fields as a flat list: name, value, name, ... Node itself calls this with the status alone. */
  override writeHead(status: number, message?: unknown, fields?: unknown): this {
    const reason = typeof message === 'string' ? message : (STATUS_CODES[status] ?? '')
    if (!isList(fields)) return super.writeHead(status, reason)
    this.#fields = fields
    return super.writeHead(status, reason, asNodeTakesThem(fields))
  }

  /** Sends the head alone. Node would write it as UTF-8; before a buffer, even an empty one, it writes Latin-1. */
  override flushHeaders(): void {
    if (this.#fields.every((text) => ASCII.test(text))) super.flushHeaders()
    else this.write(NOTHING)
  }
}

function isList(fields: unknown): fields is string[] {
  return Array.isArray(fields)
}

/**
 * Returns the fields so that Node writes them as they are. After a `Content-Length` it takes the bytes of a
 * `Content-Disposition` for UTF-8 (`processHeader` in lib/_http_outgoing.js), and may refuse what comes out. Encoded once
 * more, they come out as they were.
 */
function asNodeTakesThem(fields: string[]): string[] {
  let hasLength = false
  return fields.map((text, index) => {
    if (index % 2 === 0) return text
    const name = (fields[index - 1] ?? '').toLowerCase()
    if (name === 'content-length') hasLength = Number(text) > 0
    const isTakenForUtf8 = hasLength && name === 'content-disposition' && !ASCII.test(text)
    return isTakenForUtf8 ? Buffer.from(text, 'utf8').toString('latin1') : text
  })
}
