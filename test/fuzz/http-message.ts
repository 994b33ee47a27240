/** HTTP/1.1 requests as bytes: written as a test says, read in the strictest way (RFC 9112). The reference's own reading. */

/** A request that is not on the wire yet. Nothing in it is checked. */
export interface Draft {
  readonly method: string
  /** Path and query. */
  readonly target: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Buffer
}

export interface HttpRequest extends Draft {
  /** The body as it was framed, HTTP's own chunked coding taken away. */
  readonly body: Buffer
}

export function toBytes({ method, target, headers, body }: Draft): Buffer {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return Buffer.concat([Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines}\r\n`, 'latin1'), body])
}

export function valuesOf({ headers }: Draft, name: string): string[] {
  return headers.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value)
}

/** Several blanks between the parts are one to every parser of today. */
const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) +(\/[!-~]*) +HTTP\/1\.1$/
const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/s

/** The requests that stand in these bytes one after another, each whole; what comes after a broken one is not read. */
export function readRequests(bytes: Buffer): HttpRequest[] {
  const found: HttpRequest[] = []
  let rest = bytes
  while (rest.length > 0) {
    const one = readRequest(rest)
    if (one === undefined) break
    found.push(one.request)
    rest = one.rest
  }
  return found
}

/** Line ends before a request are skipped, as a server should (RFC 9112 2.2) and Node does. */
function readRequest(whole: Buffer): { request: HttpRequest; rest: Buffer } | undefined {
  let from = 0
  while (whole[from] === 0x0d || whole[from] === 0x0a) from += 1
  const bytes = whole.subarray(from)
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [line = '', ...fields] = bytes.toString('latin1', 0, end).split('\r\n')
  const [, method, target] = REQUEST_LINE.exec(line) ?? []
  if (method === undefined || target === undefined || target.includes('#')) return undefined
  const headers: (readonly [string, string])[] = []
  for (const field of fields) {
    const [, name, value] = FIELD.exec(field) ?? []
    // eslint-disable-next-line no-control-regex -- the point is to find them
    if (name === undefined || value === undefined || /[\u0000-\u0008\n-\u001f\u007f]/.test(value))
      return undefined
    headers.push([name, value])
  }
  const after = bytes.subarray(end + 4)
  const draft = { method, target, headers, body: Buffer.alloc(0) }
  const framed = readBody(draft, after)
  return framed === undefined ? undefined : { request: { ...draft, body: framed.body }, rest: framed.rest }
}

interface Framed {
  readonly body: Buffer
  readonly rest: Buffer
}

function readBody(draft: Draft, after: Buffer): Framed | undefined {
  const lengths = valuesOf(draft, 'content-length')
  const codings = valuesOf(draft, 'transfer-encoding')
  if (lengths.length + codings.length > 1) return undefined
  if (codings.length === 1) return codings[0]?.toLowerCase() === 'chunked' ? readChunked(after) : undefined
  const [length = '0'] = lengths
  if (!/^\d{1,15}$/.test(length) || after.length < Number(length)) return undefined
  return { body: after.subarray(0, Number(length)), rest: after.subarray(Number(length)) }
}

/** Zeros before a size change nothing. No trailers: they are refused wherever they stand. Chunk extensions say nothing. */
function readChunked(bytes: Buffer): Framed | undefined {
  const parts: Buffer[] = []
  let at = 0
  for (;;) {
    const end = bytes.indexOf('\r\n', at)
    if (end < 0) return undefined
    const [, size] =
      /^0*([0-9A-Fa-f]{1,12})(?:[ \t]*;[ -~\t]*)?$/.exec(bytes.toString('latin1', at, end)) ?? []
    if (size === undefined) return undefined
    const from = end + 2
    const to = from + parseInt(size, 16)
    if (bytes.toString('latin1', to, to + 2) !== '\r\n') return undefined
    if (to === from) return { body: Buffer.concat(parts), rest: bytes.subarray(to + 2) }
    parts.push(bytes.subarray(from, to))
    at = to + 2
  }
}

/** Node's parser passes over line ends before a request (RFC 9112 2.2). */
export function isHead(bytes: Buffer): boolean {
  return /^[\r\n]*HEAD /.test(bytes.toString('latin1', 0, 64))
}
