/**
 * Bounds what a record takes over from a request, by number and by characters, and says what it left out (rule S28).
 * Lists keep their beginning: their order is the request's own.
 */
import type { CallFacts } from '../core/call.ts'

export interface ListBound {
  readonly items: number
  /** Of all items together. */
  readonly characters: number
}

/** Bounds what a record holds of one call. */
export interface RecordBounds {
  readonly resources: ListBound
  /** Also for the members that the model does not have. */
  readonly actions: ListBound
  readonly parameterCharacters: number
}

/** A refusal has no effect: what is enough to recognise the attempt is enough. */
export const REFUSED: RecordBounds = {
  resources: { items: 50, characters: 4_096 },
  actions: { items: 50, characters: 2_048 },
  parameterCharacters: 2_048,
}

/**
 * An allowed call must be explained from its record alone, so this bound is above what AWS takes in one request: the
 * longest list is 1,000 keys of `DeleteObjects`, of at most 1,024 bytes each.
 */
export const ALLOWED: RecordBounds = {
  resources: { items: 5_000, characters: 2 * 1024 * 1024 },
  actions: { items: 1_000, characters: 64 * 1024 },
  parameterCharacters: 1024 * 1024,
}

export interface Bounded<Value> {
  readonly kept: Value
  /** How many items were left out. */
  readonly omitted: number
}

/** Returns the beginning of the list that fits; most lists fit whole and are returned as they are. */
export function boundedList(
  list: readonly string[],
  { items, characters }: ListBound,
): Bounded<readonly string[]> {
  let left = characters
  let kept = 0
  for (const each of list) {
    left -= each.length
    if (kept === items || left < 0) return { kept: list.slice(0, kept), omitted: list.length - kept }
    kept += 1
  }
  return { kept: list, omitted: 0 }
}

/** Returns the facts that fit, in their order; one that does not fit is left out whole. Their names are our own. */
export function boundedFacts(facts: CallFacts, characters: number): Bounded<CallFacts> {
  let left = characters
  let omitted = 0
  const kept: Record<string, CallFacts[string]> = {}
  for (const [name, fact] of Object.entries(facts)) {
    const size = charactersOf(fact)
    if (size > left) {
      omitted += 1
      continue
    }
    left -= size
    kept[name] = fact
  }
  return { kept: omitted === 0 ? facts : kept, omitted }
}

function charactersOf(fact: CallFacts[string]): number {
  if (typeof fact === 'boolean') return 5
  if (isList(fact)) return fact.reduce((sum, each) => sum + each.length, fact.length)
  return Object.entries(fact).reduce((sum, [name, values]) => sum + name.length + charactersOf(values), 0)
}

/** Array.isArray does not narrow a readonly array. */
function isList(fact: object): fact is readonly string[] {
  return Array.isArray(fact)
}
