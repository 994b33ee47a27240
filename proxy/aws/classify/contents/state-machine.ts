/** Reads Amazon States Language: what the tasks of a state machine, or of a single state, call. */
import type { Document, DocumentObject } from '../../protocols/tree.ts'
import { objectsIn, type Reader, textIn, UNREADABLE } from './found.ts'
import { targetOf } from './targets.ts'
import { treeOf } from './text.ts'

/** The longest definition that Step Functions takes; all of it JSON. */
const MAX_DEFINITION = 1024 * 1024

/** `TableName.$` is given by a path when the task runs: the parameter is there, with a value that nobody knows yet. */
function parametersOf({ Parameters, Arguments }: DocumentObject): Document {
  const given = Parameters ?? Arguments
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return given
  return Object.fromEntries(Object.entries(given).map(([key, value]) => [key.replace(/\.\$$/, ''), value]))
}

/** Wherever in a document a `Resource` stands, in branches, maps and iterators too. */
export const stateMachine: Reader = (value) => {
  const tree = treeOf(value, MAX_DEFINITION)
  if (tree === undefined) return [UNREADABLE]
  const tasks = objectsIn(tree).filter(({ Resource }) => typeof Resource === 'string')
  return tasks.map((task) => targetOf(textIn(task['Resource']), parametersOf(task)))
}
