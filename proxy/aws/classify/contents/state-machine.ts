/** Reads Amazon States Language: finds the calls of the tasks of a state machine, or of a single state. */
import type { Document, DocumentObject } from '../../protocols/tree.ts'
import { objectsIn, type Reader, textIn, UNREADABLE } from './found.ts'
import { targetOf } from './targets.ts'
import { treeOf } from './text.ts'

/** The longest definition that Step Functions accepts, in characters; all of it is JSON. */
const MAX_DEFINITION = 1024 * 1024

/** `TableName.$` gets its value from a path when the task runs: the parameter is present with an unknown value. */
function parametersOf({ Parameters, Arguments }: DocumentObject): Document {
  const given = Parameters ?? Arguments
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return given
  return Object.fromEntries(Object.entries(given).map(([key, value]) => [key.replace(/\.\$$/, ''), value]))
}

/** Reads every `Resource` of the document, in branches, maps and iterators too. */
export const stateMachine: Reader = (value) => {
  const tree = treeOf(value, MAX_DEFINITION)
  if (tree === undefined) return [UNREADABLE]
  const tasks = objectsIn(tree).filter(({ Resource }) => typeof Resource === 'string')
  return tasks.map((task) => targetOf(textIn(task['Resource']), parametersOf(task)))
}
