/** Classifies PartiQL statements to DynamoDB, and names the tables and indexes that they use. */
import type { ActionClass, Trait } from '../../../core/action-class.ts'
import type { Document } from '../../protocols/tree.ts'
import type { Operation } from '../../catalogue/types.ts'
import { ANY, ARN, type ArnPlace, newSink, type Sink } from '../../resources/arns.ts'
import { type RequestParts, valuesAt } from '../../resources/locate.ts'
import { readStatement, type PartiqlStatement } from './partiql-statement.ts'

const LOCATIONS: Readonly<Record<string, readonly string[]>> = {
  ExecuteStatement: ['Statement'],
  BatchExecuteStatement: ['Statements', 'Statement'],
  ExecuteTransaction: ['TransactStatements', 'Statement'],
}

const VERBS: Readonly<Record<PartiqlStatement['verb'], readonly [string, ActionClass]>> = {
  select: ['dynamodb:PartiQLSelect', 'read'],
  insert: ['dynamodb:PartiQLInsert', 'write'],
  update: ['dynamodb:PartiQLUpdate', 'write'],
  delete: ['dynamodb:PartiQLDelete', 'data-delete'],
}

export interface Statements {
  readonly actions: readonly string[]
  readonly classes: readonly ActionClass[]
  readonly traits: readonly Trait[]
  readonly resources: readonly string[]
}

/** The length of a name is left to DynamoDB. */
const NAME = /^[\w.-]+$/
const TABLE = /^table\/[\w.-]+$/

function tableArn(name: string, { partition, region, accountId }: ArnPlace): string {
  const [, , service, , , resource = ''] = ARN.exec(name) ?? []
  if (service === 'dynamodb' && TABLE.test(resource)) return name
  return NAME.test(name) ? `arn:${partition}:dynamodb:${region}:${accountId ?? ANY}:table/${name}` : ANY
}

/** Adds the index and its table, as for `Query`: who may not touch a table may not touch its indexes. */
function addTable(sink: Sink, { table, index }: PartiqlStatement, place: ArnPlace): void {
  const arn = tableArn(table, place)
  if (index !== undefined) sink.add(arn !== ANY && NAME.test(index) ? `${arn}/index/${index}` : ANY)
  sink.add(arn)
}

function readValue(value: Document): PartiqlStatement | undefined {
  return typeof value === 'string' ? readStatement(value) : undefined
}

/** Says what a statement may do that nobody here can read: all that any statement may do, unseen. */
function unreadable({ actions }: Operation): Statements {
  return {
    actions,
    classes: ['read', 'write', 'data-delete', 'opaque'],
    traits: ['may-overwrite', 'unreadable'],
    resources: [ANY],
  }
}

/** Returns what the statements of a call say together; undefined for other operations. */
export function statementsOf(
  operation: Operation,
  parts: RequestParts,
  place: ArnPlace,
): Statements | undefined {
  const steps = operation.service.model === 'dynamodb' ? LOCATIONS[operation.name] : undefined
  if (steps === undefined) return undefined
  const statements = valuesAt(parts, { from: 'b', steps }).map(readValue)
  const classes = new Set<ActionClass>()
  const actions = new Set<string>()
  const sink = newSink()
  for (const each of statements) {
    if (each === undefined) return unreadable(operation)
    const [action, actionClass] = VERBS[each.verb]
    actions.add(action)
    classes.add(actionClass)
    if (each.removes) classes.add('data-delete')
    addTable(sink, each, place)
  }
  if (statements.length === 0) return unreadable(operation)
  const updates = statements.some((each) => each?.verb === 'update')
  return {
    actions: [...actions],
    classes: [...classes],
    traits: updates ? ['may-overwrite'] : [],
    resources: [...sink.found],
  }
}
