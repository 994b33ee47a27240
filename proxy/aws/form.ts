/** Parameter lists of the query protocols (`Action=...&InstanceId.1=...`), as a tree that rules can walk. */
import { Denial } from '../denial.ts'
import { splitPair } from '../query-pair.ts'
import { MEMBER_LIMIT, tooManyMembers, type Document } from './tree.ts'

export interface Form {
  readonly action: string | undefined
  readonly version: string | undefined
  /** The parameters' names in lower case. */
  readonly names: ReadonlySet<string>
  readonly tree: Document
  /** Lists whose indexes are not 1, 2, 3 and so on, as each service may read them in its own way. */
  readonly irregular: readonly string[]
}

const DEPTH_LIMIT = 24

function decodeForm(text: string): string {
  // Most names and values are plain, and decoding costs as much as all the rest.
  if (!text.includes('%') && !text.includes('+')) return text
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw new Denial('malformed_request', 'A form parameter is not valid percent-encoded UTF-8.')
  }
}

interface Branch {
  [key: string]: Branch | string
}

/** Puts a value where its dotted name says; refuses what is there already. */
function insert(root: Branch, name: string, value: string): number {
  let node = root
  let depth = 1
  let start = 0
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', start)) {
    const step = name.slice(start, dot)
    const next = (node[step] ??= Object.create(null) as Branch)
    if (typeof next === 'string')
      throw new Denial('malformed_request', `The parameter ${step} is given in two forms.`)
    if (++depth > DEPTH_LIMIT) throw new Denial('malformed_request', 'A form parameter is nested too deeply.')
    node = next
    start = dot + 1
  }
  const last = start === 0 ? name : name.slice(start)
  if (node[last] !== undefined) throw new Denial('malformed_request', `The parameter ${last} is given twice.`)
  node[last] = value
  return depth
}

/** Key and value of a map's entry: `key` and `value`, or as SNS spells them, `Name` and `Value`. */
function pairOf(entry: Document): readonly [key: Document, value: Document] {
  const given = (typeof entry === 'object' && entry !== null ? entry : {}) as Record<string, Document>
  const [key, value] = 'Name' in given ? (['Name', 'Value'] as const) : (['key', 'value'] as const)
  if (Object.keys(given).some((each) => each !== key && each !== value))
    throw new Denial('malformed_request', 'A parameter map has an entry that is more than a key and a value.')
  return [given[key], given[value]]
}

/** `Attributes.entry.N.key` and `.value`: a map of the query protocol. */
function mapOf(entries: readonly Document[]): Document {
  const map = new Map<string, Document>()
  for (const entry of entries) {
    const [key, value] = pairOf(entry)
    if (typeof key !== 'string' || map.has(key)) {
      throw new Denial('malformed_request', 'A parameter map lacks a key, or has one twice.')
    }
    map.set(key, value)
  }
  return Object.fromEntries(map)
}

function isIndex(key: string): boolean {
  for (let at = 0; at < key.length; at++) {
    const code = key.charCodeAt(at)
    if (code < 0x30 || code > 0x39) return false
  }
  return key !== ''
}

/** Whether these are 1, 2, 3 and so on, in any order. */
function isRegular(indexes: readonly string[]): boolean {
  return indexes.every((each) => !each.startsWith('0') && Number(each) <= indexes.length)
}

/**
 * Objects whose keys are list indexes become lists; `member` above a list is dropped, `entry` lists become maps.
 * Lists with other indexes than 1, 2, 3 are named in `irregular`.
 */
function listsIn(node: Branch | string, name: string, irregular: string[]): Document {
  if (typeof node === 'string') return node
  const keys = Object.keys(node)
  const below = (key: string): Document => listsIn(node[key] as Branch | string, key, irregular)
  const indexes = keys.filter(isIndex)
  if (indexes.length > 0) {
    if (indexes.length < keys.length)
      throw new Denial('malformed_request', 'A parameter list mixes indexes and names.')
    if (!isRegular(indexes)) irregular.push(`${name}.${indexes.join('.')}`)
    return keys.map(below)
  }
  const wrapper = keys.length === 1 ? keys[0]?.toLowerCase() : undefined
  const only = wrapper === 'member' || wrapper === 'entry' ? below(keys[0] as string) : undefined
  if (Array.isArray(only)) return wrapper === 'entry' ? mapOf(only as readonly Document[]) : only
  return Object.fromEntries(keys.map((key) => [key, below(key)]))
}

/**
 * Parses a form. A parameter that appears twice, in whatever case, is refused: which one counts is the service's
 * secret, and the other would hide what the call does.
 */
export function parseForm(text: string): Form {
  const seen = new Set<string>()
  const root: Branch = Object.create(null) as Branch
  let members = 0
  for (let start = 0, end = 0; start <= text.length; start = end + 1) {
    end = text.indexOf('&', start)
    if (end < 0) end = text.length
    if (++members > MEMBER_LIMIT) throw tooManyMembers()
    if (end === start) continue
    const [encodedKey, encodedValue] = splitPair(text.slice(start, end))
    const key = decodeForm(encodedKey)
    const folded = key.toLowerCase()
    if (seen.has(folded)) throw new Denial('malformed_request', 'A form parameter is given twice.')
    seen.add(folded)
    const value = decodeForm(encodedValue)
    members += insert(root, key, value)
  }
  const irregular: string[] = []
  const { Action: action, Version: version } = root
  return {
    action: typeof action === 'string' ? action : undefined,
    version: typeof version === 'string' ? version : undefined,
    names: seen,
    tree: listsIn(root, '', irregular),
    irregular,
  }
}
