/** Reads an operation's rules, counts and documents for a call that stands in a document. */
import type { Content, ConditionalRule, CountLocator, Locator, Operation } from '../../catalogue/types.ts'

/** Holds what documents need of an operation, with its members by the model's names. */
export interface ContainedOperation {
  readonly operation: Operation
  readonly rules: readonly ConditionalRule[]
  readonly contents: readonly Content[]
  readonly counts: readonly (readonly CountLocator[])[]
}

/** In a document every parameter is a member, also one that the wire has in the path, the query or a header. */
function inDocument<T extends Locator>(at: T): T {
  return at.from === 'b' && at.names === undefined ? at : { ...at, from: 'b', steps: at.names ?? at.steps }
}

const known = new WeakMap<Operation, ContainedOperation>()

/** Returns the operation as documents write it; made once for each. */
export function contained(operation: Operation): ContainedOperation {
  const before = known.get(operation)
  if (before !== undefined) return before
  const made: ContainedOperation = {
    operation,
    rules: operation.rules.map((each) => ({ ...each, at: inDocument(each.at) })),
    contents: operation.contents.map((each) => ({ ...each, at: inDocument(each.at) })),
    counts: operation.counts.map((product) => product.map(inDocument)),
  }
  known.set(operation, made)
  return made
}
