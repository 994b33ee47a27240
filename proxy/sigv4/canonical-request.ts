/** Builds the canonical request of SigV4 from the request as it was on the wire. Verifying and signing share it. */
import { hash } from 'node:crypto'
import type { HeaderFields } from '../core/http/headers.ts'
import { splitPair } from '../core/http/query-pair.ts'
import { isS3Family } from '../core/s3-family.ts'

/** Holds the parts of a request that a signature covers. */
export interface SignableRequest {
  readonly method: string
  readonly path: string
  /** Without the `?`. */
  readonly query: string
  readonly headers: HeaderFields
}

/**
 * Returns the SHA-256 (hex) of the canonical request; `signedHeaders` must be in lower case and sorted.
 *
 * Header bytes are hashed as they were on the wire: Node reads and writes header values as latin-1.
 */
export function hashCanonicalRequest(
  request: SignableRequest,
  service: string,
  signedHeaders: readonly string[],
  payloadHash: string,
): string {
  const text = canonicalRequest(request, service, signedHeaders, payloadHash)
  if (text.length > scratch.length) return hash('sha256', Buffer.from(text, 'latin1'))
  return hash('sha256', scratch.subarray(0, scratch.write(text, 'latin1')))
}

/** Canonical requests are written here to be hashed: a buffer for each would be garbage at once. */
const scratch = Buffer.alloc(16 * 1024)

/** Returns the canonical request as text (AWS General Reference, "Create a canonical request"). */
export function canonicalRequest(
  request: SignableRequest,
  service: string,
  signedHeaders: readonly string[],
  payloadHash: string,
): string {
  let text = `${request.method}\n${canonicalPath(request.path, isS3Family(service))}\n${canonicalQuery(request.query)}\n`
  for (const name of signedHeaders)
    text += `${name}:${canonicalValue(request.headers, name === ':authority' ? 'host' : name)}\n`
  return `${text}\n${signedHeaders.join(';')}\n${payloadHash}`
}

const UNRESERVED_PATH = /^[A-Za-z0-9\-._~/]*$/

/**
 * Returns the canonical path. With `exact` (the S3 family) every segment is percent-encoded once; `//`, `..` and `%2F`
 * are kept. Otherwise dot segments and empty segments are removed, then the wire path is encoded again: `%20` becomes
 * `%2520`.
 */
export function canonicalPath(path: string, exact: boolean): string {
  if (path === '/') return path
  if (exact) return UNRESERVED_PATH.test(path) ? path : recode(path)
  const normalised = removeDotSegments(path)
  return UNRESERVED_PATH.test(normalised) ? normalised : normalised.replace(/[^A-Za-z0-9\-._~/]/gu, encode)
}

/** Removes dot segments as the SDKs do. Unlike RFC 3986 5.2.4 it also removes empty segments. */
function removeDotSegments(path: string): string {
  if (!path.includes('//') && !path.includes('/.')) return path
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(segment)
  }
  return `/${kept.join('/')}${kept.length > 0 && path.endsWith('/') ? '/' : ''}`
}

/** Returns the query encoded once, sorted by encoded name, then value; `k` becomes `k=`. `identify` wrote each `+` as `%20`. */
export function canonicalQuery(query: string): string {
  if (query === '') return ''
  const pairs = query.split('&').map((pair): readonly [string, string] => {
    const [name, value] = splitPair(pair)
    return [recodeQuery(name), recodeQuery(value)]
  })
  pairs.sort(([nameA, valueA], [nameB, valueB]) => compare(nameA, nameB) || compare(valueA, valueB))
  return pairs.map(([name, value]) => `${name}=${value}`).join('&')
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Brings every percent-encoding to its one canonical form. It does not change `/`. */
function recode(text: string): string {
  return text.replace(/%[0-9A-Fa-f]{2}|[^A-Za-z0-9\-._~/]/gu, (match) => {
    if (match.length !== 3 || !match.startsWith('%')) return encode(match)
    const char = String.fromCharCode(parseInt(match.slice(1), 16))
    return /[A-Za-z0-9\-._~]/.test(char) ? char : match.toUpperCase()
  })
}

function recodeQuery(text: string): string {
  return /^[A-Za-z0-9\-._~]*$/.test(text) ? text : recode(text).replaceAll('/', '%2F')
}

/** Percent-encodes by RFC 3986: unlike encodeURIComponent it also encodes `!'()*`. */
export function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (left) => `%${left.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

const IRREGULAR_BLANKS = /^[ \t\r\n]|[ \t\r\n]$|[\t\r\n]| {2}/

/** Joins the values in order of arrival; each is trimmed, and each run of blanks becomes one. */
function canonicalValue(headers: HeaderFields, name: string): string {
  const value = headers.one(name)
  return value === undefined ? headers.all(name).map(collapse).join(',') : collapse(value)
}

function collapse(value: string): string {
  return IRREGULAR_BLANKS.test(value) ? value.replace(/[ \t\r\n]+/g, ' ').replace(/^ | $/g, '') : value
}
