/** Reads documents that stand as text in a call: JSON or YAML, within bounds. */
import { parseDocument as parseYaml, visit } from 'yaml'
import { parseJson } from '../../protocols/document.ts'
import type { Document } from '../../protocols/tree.ts'

/** CloudFormation takes templates of 51,200 bytes in a call, Systems Manager documents of 64 KiB. */
const MAX_TEXT = 64 * 1024
/** How much aliases may repeat: a bomb of ten lines stands for millions of nodes. */
const MAX_ALIASES = 100
const MAX_DEPTH = 96

/** Lines, and signs that mean something to YAML; more than the longest template has, and each costs time. */
const MAX_SIGNS = 8000

/** Whether a YAML text would keep its parser busy, or take its stack. */
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

/** Opening brackets, closing brackets, and the rest. */
const SIGNS = '[{]}\n,?&*!-:|>'

function isShallow(node: unknown, depth = 0): boolean {
  if (typeof node !== 'object' || node === null) return true
  return depth < MAX_DEPTH && Object.values(node).every((each) => isShallow(each, depth + 1))
}

/**
 * Whether a key is given twice (the parser's own check compares each with each), or maps are merged, which not every
 * reader of YAML does.
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

function yaml(text: string): unknown {
  if (text.length > MAX_TEXT || isTooMuch(text)) return undefined
  // Tags such as `!Ref` are not resolved: what they stand for is not known here.
  const parsed = parseYaml(text, { logLevel: 'error', stringKeys: true, uniqueKeys: false })
  if (parsed.errors.length > 0 || isAmbiguous(parsed)) return undefined
  return parsed.toJS({ maxAliasCount: MAX_ALIASES })
}

/** The tree that a text of up to so many characters holds; undefined where it holds none, is too large, or could be read in two ways. */
export function treeOf(text: Document, maxLength = MAX_TEXT): Document {
  if (typeof text !== 'string' || text.length > maxLength) return undefined
  try {
    const tree = /^\s*[{[]/.test(text) ? parseJson(text) : yaml(text)
    return typeof tree === 'object' && tree !== null && isShallow(tree) ? (tree as Document) : undefined
  } catch {
    // Whatever a parser stumbles over, nobody here can say what the service makes of it.
    return undefined
  }
}
