/** Reads request bodies into trees, refusing whatever two parsers might read in two ways. */
import { isUtf8 } from 'node:buffer'
import { decode as decodeCbor } from 'cborg'
import { Denial } from '../denial.ts'
import type { Document } from './tree.ts'
import { parseXml } from './xml.ts'

const DEPTH_LIMIT = 96

/** Text of a body; refused if it is not UTF-8, since services would each read it in their own way. */
export function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new Denial('malformed_request', 'The body is not valid UTF-8.')
  return bytes.toString('utf8')
}

/** Members in the whole tree; refuses too deep a nesting. */
function countMembers(node: unknown, depth: number): number {
  if (typeof node !== 'object' || node === null) return 0
  if (depth > DEPTH_LIMIT) throw new Denial('malformed_request', 'The body is nested too deeply.')
  let members = 0
  if (Array.isArray(node)) {
    for (const each of node) if (typeof each === 'object') members += countMembers(each, depth + 1)
    return members
  }
  for (const key in node) {
    members++
    const value = (node as Record<string, unknown>)[key]
    if (typeof value === 'object') members += countMembers(value, depth + 1)
  }
  return members
}

/** Strings that a colon follows: one for each member as written. The text is known to be valid JSON. */
function countNames(text: string): number {
  let names = 0
  let start = text.indexOf('"')
  while (start >= 0) {
    let end = text.indexOf('"', start + 1)
    while (text.charCodeAt(end - 1) === 0x5c && isEscaped(text, end)) end = text.indexOf('"', end + 1)
    let next = end + 1
    let code = text.charCodeAt(next)
    while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) code = text.charCodeAt(++next)
    if (code === 0x3a) names++
    start = text.indexOf('"', next)
  }
  return names
}

function isEscaped(text: string, quote: number): boolean {
  let backslashes = 0
  while (text.charCodeAt(quote - 1 - backslashes) === 0x5c) backslashes++
  return backslashes % 2 === 1
}

/**
 * Parses JSON and refuses a member that is given twice: `JSON.parse` keeps the last, a service may keep the first.
 * A duplicate shows as more members written than kept (RFC 8259 section 4 leaves the meaning open).
 */
export function parseJson(text: string): Document {
  if (text === '') return {}
  let tree: Document
  try {
    tree = JSON.parse(text) as Document
  } catch {
    throw new Denial('malformed_request', 'The body is not valid JSON.')
  }
  if (countMembers(tree, 0) !== countNames(text)) {
    throw new Denial('malformed_request', 'The JSON body gives a member twice.')
  }
  return tree
}

const tagged = Array.from({ length: 5 }, () => (inner: () => unknown) => inner())

function parseCbor(bytes: Buffer): Document {
  if (bytes.length === 0) return {}
  try {
    const tree: unknown = decodeCbor(bytes, { rejectDuplicateMapKeys: true, tags: tagged })
    countMembers(tree, 0)
    return tree as Document
  } catch (cause) {
    if (cause instanceof Denial) throw cause
    throw new Denial('malformed_request', 'The body is not valid CBOR, or gives a member twice.', { cause })
  }
}

/** Parses a body that is a document in its protocol. Forms are parsed before, by identification. */
export function parseDocument(protocol: string, bytes: Buffer): Document {
  switch (protocol) {
    case 'cbor':
      return parseCbor(bytes)
    case 's3':
    case 'rest-xml':
      return bytes.length === 0 ? {} : parseXml(textOf(bytes))
    default:
      return parseJson(textOf(bytes))
  }
}
