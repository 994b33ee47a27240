/** The canonical request of SigV4 once more, slow and obvious, from the guide alone: to tell changes without a meaning. */
import { createHash } from 'node:crypto'
import type { WireRequest } from '../sigv4/signing.ts'

const UNRESERVED = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~'

function encodeBytes(bytes: Buffer, kept = ''): string {
  let text = ''
  for (const byte of bytes) {
    const char = String.fromCharCode(byte)
    text += (UNRESERVED + kept).includes(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return text
}

function decodeBytes(text: string): Buffer {
  const out: number[] = []
  const bytes = Buffer.from(text)
  for (let i = 0; i < bytes.length; i += 1) {
    const hex = bytes.toString('latin1', i + 1, i + 3)
    if (bytes[i] === 0x25 && /^[0-9A-Fa-f]{2}$/.test(hex)) {
      out.push(parseInt(hex, 16))
      i += 2
    } else out.push(bytes[i] as number)
  }
  return Buffer.from(out)
}

function slowPath(path: string, exact: boolean): string {
  if (exact)
    return path
      .split('/')
      .map((each) => encodeBytes(decodeBytes(each)))
      .join('/')
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '.' && segment !== '') kept.push(segment)
  }
  const whole = `/${kept.join('/')}`
  return encodeBytes(Buffer.from(whole.length > 1 && path.endsWith('/') ? `${whole}/` : whole), '/')
}

function slowQuery(query: string, leftOut: readonly string[]): string {
  if (query === '') return ''
  // A plus sign in a query is a space.
  const pairs = query
    .replaceAll('+', '%20')
    .split('&')
    .filter((pair) => !leftOut.includes(pair.split('=')[0] ?? ''))
  const encoded = pairs.map((pair) => {
    const equals = pair.indexOf('=')
    const name = equals < 0 ? pair : pair.slice(0, equals)
    return [
      encodeBytes(decodeBytes(name)),
      encodeBytes(decodeBytes(equals < 0 ? '' : pair.slice(equals + 1))),
    ]
  })
  const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
  encoded.sort((a, b) => order(a[0] ?? '', b[0] ?? '') || order(a[1] ?? '', b[1] ?? ''))
  return encoded.map(([name, value]) => `${name}=${value}`).join('&')
}

/** Header values by name, each trimmed and with its runs of blanks as one. */
export function slowHeaders(headers: readonly string[]): ReadonlyMap<string, string> {
  const values = new Map<string, string>()
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = (headers[i] ?? '').toLowerCase()
    const value = (headers[i + 1] ?? '')
      .split(/[ \t\r\n]+/)
      .filter((each) => each !== '')
      .join(' ')
    const before = values.get(name)
    values.set(name, before === undefined ? value : `${before},${value}`)
  }
  return values
}

export interface SlowOptions {
  readonly signedHeaders: readonly string[]
  readonly exactPath: boolean
  readonly leftOut: readonly string[]
  /** What stands for the body; its SHA-256 by default. */
  readonly payload?: string
}

export function slowCanonical(
  request: Pick<WireRequest, 'method' | 'path' | 'query' | 'headers' | 'body'>,
  { signedHeaders, exactPath, leftOut, payload }: SlowOptions,
): string {
  const headers = slowHeaders(request.headers)
  const lines = signedHeaders.map((name) => `${name}:${headers.get(name) ?? '\0absent'}\n`)
  const body = payload ?? createHash('sha256').update(request.body).digest('hex')
  const path = slowPath(request.path, exactPath)
  const query = slowQuery(request.query, leftOut)
  return `${request.method}\n${path}\n${query}\n${lines.join('')}\n${signedHeaders.join(';')}\n${body}`
}
