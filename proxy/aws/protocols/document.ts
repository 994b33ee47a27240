/** Parses request bodies into trees; it refuses whatever two parsers might read in two ways. */
import { isUtf8 } from 'node:buffer'
import { decode as decodeCbor, Tokenizer } from 'cborg'
import { Denial } from '../../core/denial/denial.ts'
import { MEMBER_LIMIT, tooManyMembers, type Document } from './tree.ts'
import { parseXml } from './xml.ts'

const DEPTH_LIMIT = 96

/** Returns the text of a body; refuses it if it is not UTF-8, since services would read it in different ways. */
export function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new Denial('malformed_request', 'The body is not valid UTF-8.')
  return bytes.toString('utf8')
}

function tooDeep(): Denial {
  return new Denial('malformed_request', 'The body is nested too deeply.')
}

/** Counts the members of the whole tree; refuses a tree that is nested too deeply. */
function countMembers(node: unknown, depth: number): number {
  if (typeof node !== 'object' || node === null || ArrayBuffer.isView(node)) return 0
  if (depth > DEPTH_LIMIT) throw tooDeep()
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

/** Counts the colons, also in strings: never fewer than there are names. */
function countColons(text: string): number {
  let colons = 0
  for (let at = text.indexOf(':'); at >= 0; at = text.indexOf(':', at + 1)) colons++
  return colons
}

/** Counts the strings that a colon follows: one for each member as written. The text must be valid JSON. */
function countNames(text: string): number {
  let names = 0
  let start = text.indexOf('"')
  while (start >= 0) {
    let next = endOfString(text, start) + 1
    let code = text.charCodeAt(next)
    while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) code = text.charCodeAt(++next)
    if (code === 0x3a) names++
    start = text.indexOf('"', next)
  }
  return names
}

/** Returns the index of the quote that ends the string at `start`; the text's end if there is none. */
export function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (text.charCodeAt(end - 1) === 0x5c && isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end < 0 ? text.length : end
}

/** Refuses, before parsing, text that would keep the parser busy for seconds: millions of members, endless nesting. */
function checkShape(text: string): void {
  let members = 0
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) at = endOfString(text, at)
    else if (code === 0x5d || code === 0x7d) depth--
    else if (code === 0x3a || code === 0x5b || code === 0x7b) {
      members++
      if (code !== 0x3a && ++depth > DEPTH_LIMIT) throw tooDeep()
    }
  }
  if (members > MEMBER_LIMIT) throw tooManyMembers()
}

function isEscaped(text: string, quote: number): boolean {
  let backslashes = 0
  while (text.charCodeAt(quote - 1 - backslashes) === 0x5c) backslashes++
  return backslashes % 2 === 1
}

/** Tells whether a member's name, at any depth, has a backslash. */
function hasBackslash(node: unknown): boolean {
  if (typeof node !== 'object' || node === null) return false
  if (Array.isArray(node)) return node.some(hasBackslash)
  return Object.entries(node).some(([name, value]) => name.includes('\\') || hasBackslash(value))
}

/**
 * Parses JSON and refuses a member that is given twice: `JSON.parse` keeps the last, a service may keep the first.
 * A duplicate shows as more members written than kept (RFC 8259 section 4 leaves the meaning open).
 *
 * V8 14.6 can confuse a name that has an escape with a name that an earlier text had in that place, if that one starts
 * with the escape as written: after `{"a":1,"\\":1}`, the second name of `{"a":1,"\u0062":1}` is a backslash. A name
 * that is confused so always has a backslash, and no name of AWS does: such a name is refused.
 */
export function parseJson(text: string): Document {
  if (text === '') return {}
  if (text.length > MEMBER_LIMIT) checkShape(text)
  let tree: Document
  try {
    tree = JSON.parse(text) as Document
  } catch {
    throw new Denial('malformed_request', 'The body is not valid JSON.')
  }
  const kept = countMembers(tree, 0)
  // Names are counted only if strings contain colons: counting takes as long as parsing.
  if (kept !== countColons(text) && kept !== countNames(text)) {
    throw new Denial('malformed_request', 'The JSON body has the same member twice.')
  }
  if (text.includes('\\') && hasBackslash(tree))
    throw new Denial('malformed_request', 'A member of the JSON body has a backslash in its name.')
  return tree
}

/** A member of a map has two tokens; its value may have more. */
const TOKEN_LIMIT = 4 * MEMBER_LIMIT

/** Refuses too many tokens, and text whose bytes cborg would replace (invalid UTF-8) or drop (a byte order mark). */
class StrictTokenizer extends Tokenizer {
  #tokens = 0

  override next(): ReturnType<Tokenizer['next']> {
    if (++this.#tokens > TOKEN_LIMIT) throw tooManyMembers()
    const token = super.next()
    if (token.byteValue !== undefined && textOf(Buffer.from(token.byteValue)) !== token.value)
      throw new Denial('malformed_request', 'A text of the CBOR body starts with a byte order mark.')
    return token
  }
}

const tagged = Array.from({ length: 5 }, () => (inner: () => unknown) => inner())

function parseCbor(bytes: Buffer): Document {
  if (bytes.length === 0) return {}
  try {
    const options = { rejectDuplicateMapKeys: true, retainStringBytes: true, tags: tagged }
    const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
    const tokenizer = new StrictTokenizer(plain, options)
    const tree: unknown = decodeCbor(plain, { ...options, tokenizer })
    countMembers(tree, 0)
    return tree as Document
  } catch (cause) {
    if (cause instanceof Denial) throw cause
    throw new Denial('malformed_request', 'The body is not valid CBOR, or has the same member twice.', {
      cause,
    })
  }
}

/** Parses a body that is a document in its protocol. Identification has already parsed forms. */
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
