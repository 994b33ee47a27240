/**
 * A strict reader for the XML that SDKs send: elements, attributes, text, the five named and the numeric character
 * references. Document types, other entities, CDATA, comments and processing instructions are refused, since two
 * parsers may disagree about them.
 */
import { Denial } from '../denial.ts'
import { MEMBER_LIMIT, tooManyMembers, type Document } from './tree.ts'

const NAMED: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }
const TAG = /<(\/?)([A-Za-z_][\w.-]*)((?:\s+[A-Za-z_][\w.:-]*\s*=\s*(?:"[^"<]*"|'[^'<]*')){0,32})\s*(\/?)>/y
const DEPTH_LIMIT = 64
/** From `&` to `;`: `&#x10ffff;` is the longest. */
const LONGEST_ENTITY = 9

function malformed(what: string): Denial {
  return new Denial('malformed_request', `The XML body ${what}.`)
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

interface Open {
  readonly name: string
  readonly children: Map<string, Document[]>
  text: string
}

function close(element: Open): Document {
  if (element.children.size === 0) return element.text
  if (element.text.trim() !== '') throw malformed('mixes text and elements')
  return Object.fromEntries(element.children)
}

/** The root element's content: an object of lists by element name, or text. */
export function parseXml(source: string): Document {
  const text = source.replace(
    /^\uFEFF?\s*(?:<\?xml\s+version=["']1\.0["'](?:\s+encoding=["']utf-8["'])?(?:\s+standalone=["'](?:yes|no)["'])?\s*\?>)?\s*/i,
    '',
  )
  const stack: Open[] = []
  let position = 0
  for (let elements = 0; ; elements++) {
    if (elements > 2 * MEMBER_LIMIT) throw tooManyMembers()
    TAG.lastIndex = position
    const tag = TAG.exec(text)
    if (tag === null) throw malformed('is not plain, well-formed XML')
    const [whole, slash, name, , selfClosing] = tag as unknown as [string, string, string, string, string]
    position += whole.length
    if (slash === '') stack.push({ name, children: new Map(), text: '' })
    if (stack.length > DEPTH_LIMIT) throw malformed('is nested too deeply')
    if (slash !== '' || selfClosing !== '') {
      const element = stack.pop()
      if (element === undefined || element.name !== name) throw malformed('has tags that do not match')
      const content = close(element)
      const parent = stack.at(-1)
      if (parent === undefined) {
        if (text.slice(position).trim() !== '') throw malformed('goes on after its root element')
        return content
      }
      const siblings = parent.children.get(name)
      if (siblings === undefined) parent.children.set(name, [content])
      else siblings.push(content)
    }
    const next = text.indexOf('<', position)
    if (next < 0) throw malformed('ends too early')
    const open = stack.at(-1)
    if (next > position && open !== undefined) open.text += unescape(text.slice(position, next))
    position = next
  }
}
