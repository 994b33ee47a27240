/**
 * Tells what updates of DynamoDB items do (rule S14): an expression that sets an attribute may overwrite its value, and
 * one that removes an attribute erases data. An update that only makes a new item does neither.
 */
import type { Operation } from '../../catalogue/types.ts'
import type { RequestParts } from '../../resources/locate.ts'
import type { Document, DocumentObject } from '../../protocols/tree.ts'
import { objectOf, textIn } from './found.ts'

const NOTHING: readonly string[] = []
const OVERWRITES: readonly string[] = ['may-overwrite']
const ERASES: readonly string[] = ['data-delete', 'may-overwrite']

/** Matches the words that start a clause; as names of attributes they are reserved and would be written `#name`. */
const CLAUSES = /\b(set|remove|add|delete)\b/gi
/** Matches an assignment that keeps a value that is there: `a = if_not_exists(a, :v)`. */
const KEEPS = /^\s*([#\w.[\]]+)\s*=\s*if_not_exists\s*\(\s*([#\w.[\]]+)\s*,[^()]*\)\s*$/i
/** Matches a condition that holds only where an attribute is absent, without any `OR` or `NOT`. */
const ABSENT = /^\s*attribute_not_exists\s*\(\s*([#\w.]+)\s*\)(\s+AND\s(?:(?!\bOR\b|\bNOT\b).)*)?$/i

/** Splits at the commas that are not in brackets. */
function assignments(clause: string): string[] {
  return clause.split(/,(?![^(]*\))/)
}

function setsOnlyNew(clause: string): boolean {
  return assignments(clause).every((each) => {
    const [, target, kept] = KEEPS.exec(each) ?? []
    return target !== undefined && target === kept
  })
}

/** DynamoDB accepts expressions of 4 KB. */
const MAX_EXPRESSION = 4096

/** Returns what an update expression says; one that nobody can read erases. */
function expressionSays(expression: string): readonly string[] {
  if (expression.length > MAX_EXPRESSION) return ERASES
  const [before = '', ...rest] = expression.split(CLAUSES)
  if (before.trim() !== '' || rest.length === 0) return ERASES
  let said = NOTHING
  for (let at = 0; at < rest.length; at += 2) {
    const word = rest[at]?.toLowerCase()
    if (word === 'remove' || word === 'delete') return ERASES
    if (word === 'set' && !setsOnlyNew(rest[at + 1] ?? '')) said = OVERWRITES
  }
  return said
}

/** Returns what the older form of an update says: an action for each attribute, `PUT` if none is given. */
function attributesSay(updates: Document): readonly string[] {
  const actions = Object.values(objectOf(updates)).map((each) =>
    textIn(objectOf(each)['Action']).toUpperCase(),
  )
  if (actions.includes('DELETE')) return ERASES
  return actions.some((each) => each !== 'ADD') ? OVERWRITES : NOTHING
}

/** Tells whether the condition holds only if there is no item: the attribute that must be absent is one of the key. */
function makesNew({ ConditionExpression, ExpressionAttributeNames, Key }: DocumentObject): boolean {
  const condition = textIn(ConditionExpression)
  const name = condition.length > MAX_EXPRESSION ? undefined : ABSENT.exec(condition)?.[1]
  if (name === undefined) return false
  const spelled = name.startsWith('#') ? textIn(objectOf(ExpressionAttributeNames)[name]) : name
  return Object.hasOwn(objectOf(Key), spelled)
}

function updateSays(update: DocumentObject): readonly string[] {
  if (makesNew(update)) return NOTHING
  const { UpdateExpression, AttributeUpdates } = update
  if (UpdateExpression !== undefined) return expressionSays(textIn(UpdateExpression))
  return AttributeUpdates === undefined ? NOTHING : attributesSay(AttributeUpdates)
}

/** Returns the classes and traits that `UpdateItem`, or each update of `TransactWriteItems`, adds; none otherwise. */
export function itemUpdatesSay({ service, name }: Operation, { body }: RequestParts): readonly string[] {
  if (service.model !== 'dynamodb') return NOTHING
  if (name === 'UpdateItem') return updateSays(objectOf(body))
  if (name !== 'TransactWriteItems') return NOTHING
  const items = objectOf(body)['TransactItems']
  if (!Array.isArray(items)) return NOTHING
  return items.flatMap((each: Document) => {
    const { Update } = objectOf(each)
    return Update === undefined ? [] : updateSays(objectOf(Update))
  })
}
