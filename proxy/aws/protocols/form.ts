/** Parameter lists of the query protocols (`Action=...&InstanceId.1=...`), as a tree that rules can walk. */
import { splitPair } from '../../core/http/query-pair.ts'
import { Branch, documentOf, malformedForm } from './form-tree.ts'
import { MEMBER_LIMIT, tooManyMembers, type Document } from './tree.ts'

export interface Form {
  readonly action: string | undefined
  readonly version: string | undefined
  /** First parts of the parameters' names (`Tag` of `Tag.1.Key`), in lower case. */
  readonly names: { has(name: string): boolean }
  readonly tree: Document
  /** Lists whose indexes are not 1, 2, 3 and so on, as each service may read them in its own way. */
  readonly irregular: readonly string[]
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

/** The branch below these parts of a name, each with its dot behind it. */
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
 * Parses a form. A parameter that appears twice, in whatever case, is refused: which one counts is the service's
 * secret, and the other would hide what the call does.
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
