/** Parses documents that are text in a call: JSON or YAML, within bounds. */
import { isNode, parseDocument as parseYaml, Pair, Scalar, visit, YAMLMap, type Node } from 'yaml'
import { parseJson } from './document.ts'
import type { Document } from './tree.ts'

/** CloudFormation accepts templates of 51,200 bytes in a call, Systems Manager documents of 64 KiB. */
const MAX_TEXT = 64 * 1024
/** The number of aliases allowed: ten lines of them can expand to millions of nodes. */
const MAX_ALIASES = 100
const MAX_DEPTH = 96

/** The number of lines and of YAML's special characters allowed: more than any real template has; each costs time. */
const MAX_SIGNS = 8000

/** Tells whether a YAML text would keep its parser busy or overflow its stack. */
function isTooMuch(text: string): boolean {
  let depth = 0
  let signs = 0
  for (let at = 0; at < text.length; at++) {
    const sign = SIGNS.indexOf(text.charAt(at))
    if (sign < 0) continue
    if (sign < 2 && ++depth > MAX_DEPTH) return true
    if (sign >= 2 && sign < 4) depth--
    if (++signs > MAX_SIGNS) return true
  }
  return false
}

/** Opening brackets, closing brackets, then the other special characters. */
const SIGNS = '[{]}\n,?&*!-:|>'

function isShallow(node: unknown, depth = 0): boolean {
  if (typeof node !== 'object' || node === null) return true
  return depth < MAX_DEPTH && Object.values(node).every((each) => isShallow(each, depth + 1))
}

/**
 * Tells whether a key is given twice (the parser's own check takes quadratic time), or maps are merged, which not every
 * YAML parser does.
 */
function isAmbiguous(parsed: ReturnType<typeof parseYaml>): boolean {
  let twice = false
  visit(parsed, {
    Map(_, { items }) {
      const keys = new Set(items.map(({ key }) => String(key)))
      if (keys.size < items.length || keys.has('<<')) twice = true
      return twice ? visit.BREAK : undefined
    },
  })
  return twice
}

/**
 * Writes the short forms of CloudFormation out: `!Ref X` is `{ Ref: X }`, `!Sub X` is `{ Fn::Sub: X }` (CloudFormation User
 * Guide, intrinsic function reference). So no reference is taken for the text of its name. False: an alias to one is
 * ambiguous.
 */
function writeOut(parsed: ReturnType<typeof parseYaml>): boolean {
  let isClear = true
  visit(parsed, (_, node) => {
    if (!isNode(node) || !/^![A-Za-z]/.test(node.tag ?? '')) return undefined
    if ('anchor' in node && node.anchor !== undefined) isClear = false
    return isClear ? longForm(node) : visit.BREAK
  })
  return isClear
}

function longForm(node: Node): Node {
  const name = (node.tag ?? '').slice(1)
  delete node.tag
  const map = new YAMLMap()
  map.add(new Pair(new Scalar(name === 'Ref' || name === 'Condition' ? name : `Fn::${name}`), node))
  return map
}

function yaml(text: string): unknown {
  if (text.length > MAX_TEXT || isTooMuch(text)) return undefined
  const parsed = parseYaml(text, { logLevel: 'error', stringKeys: true, uniqueKeys: false })
  if (parsed.errors.length > 0 || isAmbiguous(parsed) || !writeOut(parsed)) return undefined
  return parsed.toJS({ maxAliasCount: MAX_ALIASES })
}

/** Parses a text of at most `maxLength` characters; returns undefined if it is invalid, too large, or ambiguous. */
export function treeOf(text: Document, maxLength = MAX_TEXT): Document {
  if (typeof text !== 'string' || text.length > maxLength) return undefined
  try {
    const tree = /^\s*[{[]/.test(text) ? parseJson(text) : yaml(text)
    return typeof tree === 'object' && tree !== null && isShallow(tree) ? (tree as Document) : undefined
  } catch {
    // If the parser fails, nobody here can say how the service reads the text.
    return undefined
  }
}
