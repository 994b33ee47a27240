/**
 * Parses the XML that SDKs send, strictly: elements, attributes, text, the five named and the numeric character
 * references. It refuses document types, other entities, CDATA, comments and processing instructions, since two parsers
 * may disagree about them.
 */
import { Denial } from '../../core/denial/denial.ts'
import { MEMBER_LIMIT, tooManyMembers, type Document } from './tree.ts'

const NAMED: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }
/** Matches what may stand before the root element. */
const PROLOGUE =
  /\uFEFF?\s*(?:<\?xml\s+version=["']1\.0["'](?:\s+encoding=["']utf-8["'])?(?:\s+standalone=["'](?:yes|no)["'])?\s*\?>)?\s*/iy
const NAME = /[A-Za-z_][\w.-]*/y
/** Matches from an element's name to the end of its start tag. */
const ATTRIBUTES = /(?:\s+[A-Za-z_][\w.:-]*\s*=\s*(?:"[^"<]*"|'[^'<]*')){0,32}\s*\/?>/y
const BLANKS = /\s*>/y
const LESS = 0x3c
const GREATER = 0x3e
const SLASH = 0x2f
const DEPTH_LIMIT = 64
/** The longest reference from `&` to `;` is `&#x10ffff;`. */
const LONGEST_ENTITY = 9

function malformed(what: string): Denial {
  return new Denial('malformed_request', `The XML body ${what}.`)
}

function notPlain(): Denial {
  return malformed('is not plain, well-formed XML')
}

function unescape(text: string): string {
  let plain = ''
  let start = 0
  for (let at = text.indexOf('&'); at >= 0; at = text.indexOf('&', start)) {
    const end = text.indexOf(';', at)
    if (end < 0 || end - at > LONGEST_ENTITY) throw malformed('holds an unknown entity')
    plain += text.slice(start, at) + entity(text.slice(at + 1, end))
    start = end + 1
  }
  return plain + text.slice(start)
}

function entity(name: string): string {
  const named = Object.hasOwn(NAMED, name) ? NAMED[name] : undefined
  if (named !== undefined) return named
  const code = /^#(?:x([0-9a-f]{1,6})|(\d{1,7}))$/i.exec(name)
  const point =
    code === null ? -1 : Number.parseInt(code[1] ?? code[2] ?? '', code[1] === undefined ? 10 : 16)
  if (point < 9 || point > 0x10ffff) throw malformed('holds an unknown entity')
  return String.fromCodePoint(point)
}

/** Reads a text once, from its start to its end. */
class Reader {
  readonly #text: string
  #at = 0
  #elements = 0

  constructor(text: string) {
    this.#text = text
    this.#skip(PROLOGUE)
  }

  /** Returns the content of the root element; refuses anything after it. */
  root(): Document {
    const content = this.#element(this.#name(), 1)
    if (this.#text.slice(this.#at).trim() !== '') throw malformed('goes on after its root element')
    return content
  }

  /** Returns the content of the element whose name was just read. */
  #element(name: string, depth: number): Document {
    if (depth > DEPTH_LIMIT) throw malformed('is nested too deeply')
    if (++this.#elements > MEMBER_LIMIT) throw tooManyMembers()
    if (this.#isEmpty()) return ''
    let words = ''
    let children: Map<string, Document[]> | undefined
    for (words += this.#words(); !this.#text.startsWith('</', this.#at); words += this.#words()) {
      children ??= new Map()
      const child = this.#name()
      const content = this.#element(child, depth + 1)
      const siblings = children.get(child)
      if (siblings === undefined) children.set(child, [content])
      else siblings.push(content)
    }
    this.#end(name)
    if (children === undefined) return words
    if (words.trim() !== '') throw malformed('mixes text and elements')
    return Object.fromEntries(children)
  }

  /** Reads the name after `<`. */
  #name(): string {
    const start = this.#at + 1
    if (this.#text.charCodeAt(this.#at) !== LESS) throw notPlain()
    this.#at = start
    this.#skip(NAME)
    return this.#text.slice(start, this.#at)
  }

  /** Reads the rest of a start tag after its name; tells whether the element is empty. */
  #isEmpty(): boolean {
    this.#endTag(ATTRIBUTES)
    return this.#text.charCodeAt(this.#at - 2) === SLASH
  }

  /** Returns the text up to the next tag. */
  #words(): string {
    const start = this.#at
    this.#at = this.#text.indexOf('<', start)
    if (this.#at < 0) throw malformed('ends too early')
    return this.#at === start ? '' : unescape(this.#text.slice(start, this.#at))
  }

  #end(name: string): void {
    this.#at += 2
    if (!this.#text.startsWith(name, this.#at)) throw malformed('has tags that do not match')
    this.#at += name.length
    this.#endTag(BLANKS)
  }

  /** Reads past `>`, which is most often the next character. */
  #endTag(rest: RegExp): void {
    if (this.#text.charCodeAt(this.#at) === GREATER) this.#at++
    else this.#skip(rest)
  }

  #skip(what: RegExp): void {
    what.lastIndex = this.#at
    if (!what.test(this.#text)) throw notPlain()
    this.#at = what.lastIndex
  }
}

/** Parses XML into the root element's content: an object of lists by element name, or text. */
export function parseXml(text: string): Document {
  return new Reader(text).root()
}
