/** Builds the tree of a form's dotted names, and turns it into a document. */
import { Denial } from '../../core/denial/denial.ts'
import type { Document } from './tree.ts'

export type FormNode = Branch | string

const DEPTH_LIMIT = 24

export function malformedForm(message: string): Denial {
  return new Denial('malformed_request', message)
}

function isIndex(step: string): boolean {
  for (let at = 0; at < step.length; at++) {
    const code = step.charCodeAt(at)
    if (code < 0x30 || code > 0x39) return false
  }
  return step !== ''
}

/** Returns the number that a step is, as lists are numbered (`12`, not `012`); 0 if it is none. */
function indexOf(step: string): number {
  return step.charCodeAt(0) !== 0x30 && isIndex(step) ? Number(step) : 0
}

/** A Branch holds what is below one part of a parameter's name. */
export class Branch {
  /** The items that came in order: 1, 2, 3. */
  readonly items: FormNode[] = []
  /** All others, by their name in lower case. */
  readonly members = new Map<string, readonly [name: string, node: FormNode]>()
  /** The number of parts in the names of its values. */
  readonly depth: number

  constructor(depth: number) {
    if (depth > DEPTH_LIMIT) throw malformedForm('A form parameter is nested too deeply.')
    this.depth = depth
  }

  /** Returns the node of this name. Refuses a name that exists in another case: which of the two counts is unknown. */
  get(step: string): FormNode | undefined {
    const item = this.items.length === 0 ? undefined : this.items[indexOf(step) - 1]
    if (item !== undefined || this.members.size === 0) return item
    const member = this.members.get(step.toLowerCase())
    if (member !== undefined && member[0] !== step)
      throw malformedForm('A form parameter is given twice, in different letter case.')
    return member?.[1]
  }

  /** Adds a node; refuses a name that exists already. */
  add(step: string, node: FormNode): void {
    if (this.members.size === 0 && step === String(this.items.length + 1)) {
      this.items.push(node)
      return
    }
    if (this.get(step) !== undefined) throw malformedForm('A form parameter is given twice.')
    this.members.set(step.toLowerCase(), [step, node])
  }

  /** Returns the branch below; makes it if there is none. */
  below(step: string): Branch {
    const found = this.get(step)
    if (typeof found === 'string')
      throw malformedForm('A form parameter is given both as a value and as a list or structure.')
    if (found !== undefined) return found
    const made = new Branch(this.depth + 1)
    this.add(step, made)
    return made
  }

  /** Returns the value of the parameter with exactly this name. */
  text(step: string): string | undefined {
    const [name, node] = this.members.get(step.toLowerCase()) ?? []
    return name === step && typeof node === 'string' ? node : undefined
  }
}

/** Returns key and value of a map's entry: `key` and `value`, or SNS's `Name` and `Value`. */
function pairOf(entry: Document): readonly [key: Document, value: Document] {
  const given = (typeof entry === 'object' && entry !== null ? entry : {}) as Record<string, Document>
  const [key, value] = 'Name' in given ? (['Name', 'Value'] as const) : (['key', 'value'] as const)
  if (Object.keys(given).some((each) => each !== key && each !== value))
    throw malformedForm('A parameter map has an entry that is not exactly a key and a value.')
  return [given[key], given[value]]
}

/** Makes a map of the query protocol from `Attributes.entry.N.key` and `.value`. */
function mapOf(entries: readonly Document[]): Document {
  const map = new Map<string, Document>()
  for (const entry of entries) {
    const [key, value] = pairOf(entry)
    if (typeof key !== 'string' || map.has(key))
      throw malformedForm('A parameter map lacks a key, or has the same key twice.')
    map.set(key, value)
  }
  return Object.fromEntries(map)
}

/** Tells whether indexes that came out of order still continue 1, 2, 3 and so on, after `before` others. */
function isRegular(indexes: readonly string[], before: number): boolean {
  const last = before + indexes.length
  return indexes.every((each) => !each.startsWith('0') && Number(each) <= last)
}

/** Makes a list, with the items that came in order first; adds its name to `irregular` if indexes are not 1, 2, 3. */
function listOf({ items, members }: Branch, name: string, irregular: string[]): readonly Document[] {
  const list = items.map((each) => documentOf(each, name, irregular))
  if (members.size === 0) return list
  const strays = [...members.values()].sort(([one], [other]) => Number(one) - Number(other))
  const indexes = strays.map(([index]) => index)
  if (!isRegular(indexes, items.length))
    irregular.push([name, ...items.map((_, at) => at + 1), ...indexes].join('.'))
  return [...list, ...strays.map(([, each]) => documentOf(each, name, irregular))]
}

/**
 * Turns a branch into a document. Branches whose names are list indexes become lists; `member` above a list is dropped;
 * a list in `entry` becomes a map. The names of lists with other indexes than 1, 2, 3 are added to `irregular`.
 */
export function documentOf(node: FormNode, name: string, irregular: string[]): Document {
  if (typeof node === 'string') return node
  const members = [...node.members.values()]
  const indexes = members.filter(([step]) => isIndex(step)).length
  if (node.items.length + indexes > 0) {
    if (indexes < members.length) throw malformedForm('A parameter list mixes indexes and names.')
    return listOf(node, name, irregular)
  }
  const entries = members.map(([step, each]) => [step, documentOf(each, step, irregular)] as const)
  const [[wrapper, content] = ['', undefined]] = entries
  if (entries.length === 1 && Array.isArray(content)) {
    if (wrapper.toLowerCase() === 'member') return content as readonly Document[]
    if (wrapper.toLowerCase() === 'entry') return mapOf(content as readonly Document[])
  }
  return Object.fromEntries(entries)
}
