/** Parses parameter lists of the query protocols (`Action=...&InstanceId.1=...`) into a tree that rules can walk. */
import { splitPair } from '../../core/http/query-pair.ts'
import { Branch, documentOf, malformedForm } from './form-tree.ts'
import { MEMBER_LIMIT, tooManyMembers, type Document } from './tree.ts'

export interface Form {
  readonly action: string | undefined
  readonly version: string | undefined
  /** First parts of the parameters' names (`Tag` of `Tag.1.Key`), in lower case. */
  readonly names: { has(name: string): boolean }
  readonly tree: Document
  /** Lists whose indexes are not 1, 2, 3 and so on: services may read them in different ways. */
  readonly irregular: readonly string[]
}

/** Tells whether a content type is that of a form. */
export function isForm(contentType: string | undefined): boolean {
  return contentType !== undefined && /^application\/x-www-form-urlencoded\s*(;|$)/i.test(contentType)
}

function isPlain(text: string): boolean {
  return !text.includes('%') && !text.includes('+')
}

function decodeForm(text: string): string {
  if (isPlain(text)) return text
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw malformedForm('A form parameter is not valid percent-encoded UTF-8.')
  }
}

/** Returns the branch below these parts of a name; each part ends in a dot. */
function descend(root: Branch, path: string): Branch {
  let branch = root
  for (let start = 0; start < path.length;) {
    const dot = path.indexOf('.', start)
    branch = branch.below(path.slice(start, dot))
    start = dot + 1
  }
  return branch
}

/**
 * Parses a form. It refuses a parameter that is given twice, in any letter case: it is unknown which one the service
 * takes, and the other would hide what the call does.
 */
export function parseForm(text: string): Form {
  const plain = isPlain(text)
  const root = new Branch(1)
  let path = ''
  let branch = root
  let members = 0
  for (let start = 0, end = 0; start <= text.length; start = end + 1) {
    end = text.indexOf('&', start)
    if (end < 0) end = text.length
    if (++members > MEMBER_LIMIT) throw tooManyMembers()
    if (end === start) continue
    const [encodedName, encodedValue] = splitPair(text.slice(start, end))
    const name = plain ? encodedName : decodeForm(encodedName)
    // A name most often differs from the one before it in its last part alone.
    if (name.slice(0, path.length) !== path || name.includes('.', path.length)) {
      path = name.slice(0, name.lastIndexOf('.') + 1)
      branch = descend(root, path)
    }
    branch.add(name.slice(path.length), plain ? encodedValue : decodeForm(encodedValue))
    members += branch.depth
  }
  const irregular: string[] = []
  const tree = documentOf(root, '', irregular)
  return { action: root.text('Action'), version: root.text('Version'), names: root.members, tree, irregular }
}
