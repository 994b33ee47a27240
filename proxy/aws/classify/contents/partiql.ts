/** Classifies PartiQL statements to DynamoDB by their first word, and updates by their clauses. */
import type { ActionClass, Trait } from '../../../core/action-class.ts'
import type { Document } from '../../protocols/tree.ts'
import type { Operation } from '../../catalogue/types.ts'
import { type RequestParts, valuesAt } from '../../resources/locate.ts'

const LOCATIONS: Readonly<Record<string, readonly string[]>> = {
  ExecuteStatement: ['Statement'],
  BatchExecuteStatement: ['Statements', 'Statement'],
  ExecuteTransaction: ['TransactStatements', 'Statement'],
}

const VERBS: Readonly<Record<string, readonly [string, ActionClass]>> = {
  select: ['Select', 'read'],
  exists: ['Select', 'read'],
  insert: ['Insert', 'write'],
  update: ['Update', 'write'],
  delete: ['Delete', 'data-delete'],
}

/** Matches texts and quoted names, in which a keyword means nothing. */
const QUOTED = /'(?:[^']|'')*'|"(?:[^"]|"")*"/g

export interface Statements {
  readonly actions: readonly string[]
  readonly classes: readonly ActionClass[]
  readonly traits: readonly Trait[]
}

/** Returns the text of a statement's first word, in lower case; undefined if it starts with none. */
function firstWord(statement: Document): string | undefined {
  return typeof statement === 'string' ? /^\s*([a-z]+)\b/i.exec(statement)?.[1]?.toLowerCase() : undefined
}

/** Tells whether an update removes an attribute. The body of a set (`<< >>`) may be removed from with `set_delete`. */
function removes(statement: Document): boolean {
  return typeof statement === 'string' && /\b(remove|set_delete)\b/i.test(statement.replace(QUOTED, ''))
}

/** Returns the statements of a call; undefined for other operations. One with an unknown first word is `opaque`. */
export function statementsOf(operation: Operation, parts: RequestParts): Statements | undefined {
  const steps = operation.service.model === 'dynamodb' ? LOCATIONS[operation.name] : undefined
  if (steps === undefined) return undefined
  const statements = valuesAt(parts, { from: 'b', steps })
  const classes = new Set<ActionClass>()
  const actions = new Set<string>()
  let updates = false
  for (const each of statements) {
    const word = firstWord(each)
    const verb = word !== undefined && Object.hasOwn(VERBS, word) ? VERBS[word] : undefined
    classes.add(verb?.[1] ?? 'opaque')
    if (verb === undefined) for (const action of operation.actions) actions.add(action)
    else actions.add(`dynamodb:PartiQL${verb[0]}`)
    if (word !== 'update') continue
    updates = true
    if (removes(each)) classes.add('data-delete')
  }
  if (statements.length === 0) return { actions: operation.actions, classes: ['opaque'], traits: [] }
  return { actions: [...actions], classes: [...classes], traits: updates ? ['may-overwrite'] : [] }
}
