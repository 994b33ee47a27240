/** Classifies PartiQL statements to DynamoDB by their first word. */
import type { ActionClass } from '../../core/action-class.ts'
import type { Operation } from '../catalogue/types.ts'
import { type RequestParts, valuesAt } from '../resources/locate.ts'

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

export interface Statements {
  readonly actions: readonly string[]
  readonly classes: readonly ActionClass[]
}

/** Returns the statements of a call; undefined for other operations. One with an unknown first word is `opaque`. */
export function statementsOf(operation: Operation, parts: RequestParts): Statements | undefined {
  const steps = operation.service.model === 'dynamodb' ? LOCATIONS[operation.name] : undefined
  if (steps === undefined) return undefined
  const statements = valuesAt(parts, { from: 'b', steps })
  const classes = new Set<ActionClass>()
  const actions = new Set<string>()
  for (const each of statements) {
    const word = typeof each === 'string' ? /^\s*([a-z]+)\b/i.exec(each)?.[1]?.toLowerCase() : undefined
    const verb = word !== undefined && Object.hasOwn(VERBS, word) ? VERBS[word] : undefined
    classes.add(verb?.[1] ?? 'opaque')
    if (verb === undefined) for (const action of operation.actions) actions.add(action)
    else actions.add(`dynamodb:PartiQL${verb[0]}`)
  }
  if (statements.length === 0) return { actions: operation.actions, classes: ['opaque'] }
  return { actions: [...actions], classes: [...classes] }
}
