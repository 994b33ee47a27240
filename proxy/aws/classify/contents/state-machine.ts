/** Reads Amazon States Language: finds the calls of the tasks of a state machine, or of a single state. */
import type { Document, DocumentObject } from '../../protocols/tree.ts'
import { type Found, objectOf, type Reader, repeated, textIn, UNREADABLE } from './found.ts'
import { targetOf } from './targets.ts'
import { treeOf } from '../../protocols/text-document.ts'

/** The longest definition that Step Functions accepts, in characters; all of it is JSON. */
const MAX_DEFINITION = 1024 * 1024

/** Matches a value that is computed when the task runs: a JSONata expression. */
const COMPUTED = /^\s*\{%/

interface Parameters {
  readonly given: Document
  /** Some values come from the input of the execution, whoever gives it. */
  readonly chosenLater: boolean
}

/** `TableName.$` gets its value from a path when the task runs: the parameter is present with an unknown value. */
function parametersOf({ Parameters: fixed, Arguments }: DocumentObject): Parameters {
  let chosenLater = COMPUTED.test(textIn(fixed ?? Arguments))
  const plain = (node: Document): Document => {
    if (COMPUTED.test(textIn(node))) chosenLater = true
    if (typeof node !== 'object' || node === null) return node
    if (Array.isArray(node)) return node.map(plain)
    return Object.fromEntries(
      Object.entries(node).map(([key, value]) => {
        if (key.endsWith('.$')) chosenLater = true
        return [key.replace(/\.\$$/, ''), plain(value)]
      }),
    )
  }
  const given = plain(fixed ?? Arguments)
  return { given, chosenLater }
}

/** Returns the names that a state goes to. */
function nextOf(state: DocumentObject): string[] {
  const lists = [state['Choices'], state['Catch']].flatMap((each) => (Array.isArray(each) ? each : []))
  return [state, ...lists.map(objectOf)].flatMap(({ Next, Default }) =>
    [textIn(Next), textIn(Default)].filter((each) => each !== ''),
  )
}

/** Returns the states that may come again: takes away, one after another, those from which nothing is left to go to. */
function loopingIn(states: DocumentObject): ReadonlySet<string> {
  const left = new Map<string, number>()
  const before = new Map<string, string[]>()
  for (const [name, state] of Object.entries(states)) {
    const next = nextOf(objectOf(state)).filter((each) => Object.hasOwn(states, each))
    left.set(name, next.length)
    for (const each of next) {
      const names = before.get(each)
      if (names === undefined) before.set(each, [name])
      else names.push(name)
    }
  }
  const ends = [...left].filter(([, count]) => count === 0).map(([name]) => name)
  for (let name = ends.pop(); name !== undefined; name = ends.pop()) {
    left.delete(name)
    for (const each of before.get(name) ?? []) {
      const count = (left.get(each) ?? 0) - 1
      left.set(each, count)
      if (count === 0) ends.push(each)
    }
  }
  return new Set(left.keys())
}

function taskIn(state: DocumentObject): readonly Found[] {
  if (typeof state['Resource'] !== 'string') return []
  const { given, chosenLater } = parametersOf(state)
  const found = targetOf(state['Resource'], given)
  return chosenLater ? repeated(found) : found
}

/** Finds the tasks below a node; in a map or a loop they repeat. */
function tasksIn(node: Document, again: boolean, found: Found[]): void {
  if (typeof node !== 'object' || node === null) return
  if (Array.isArray(node)) {
    for (const each of node) tasksIn(each, again, found)
    return
  }
  const state = node as DocumentObject
  const isMap =
    state['Type'] === 'Map' || state['Iterator'] !== undefined || state['ItemProcessor'] !== undefined
  const repeats = again || isMap
  const task = taskIn(state)
  found.push(...(repeats ? repeated(task) : task))
  for (const [key, value] of Object.entries(state)) {
    if (key !== 'States') tasksIn(value, repeats, found)
    else {
      const states = objectOf(value)
      const looping = loopingIn(states)
      for (const [name, each] of Object.entries(states)) tasksIn(each, repeats || looping.has(name), found)
    }
  }
}

/** Reads every `Resource` of the document, in branches, maps and iterators too. In a template it may be a tree already. */
export const stateMachine: Reader = (value) => {
  const tree = typeof value === 'object' ? value : treeOf(value, MAX_DEFINITION)
  if (typeof tree !== 'object' || tree === null) return [UNREADABLE]
  const found: Found[] = []
  tasksIn(tree, false, found)
  return found
}
