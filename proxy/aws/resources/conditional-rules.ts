/** Evaluates rules on a call's parameters, which can make it more severe than its name says. */
import type { ConditionalRule } from '../catalogue/types.ts'
import type { ArnPlace } from './arns.ts'
import { type RequestParts, valuesAt } from './locate.ts'
import { type PlaceValues, lookUp, placesIn, type Places } from './places.ts'
import { holdsForNothing, satisfies } from './predicates.ts'

type Account = Pick<ArnPlace, 'accountId'>

/** Tells whether the predicate of a rule holds for the values at its place. */
export function holds({ at, predicate }: ConditionalRule, parts: RequestParts, account: Account): boolean {
  if (at.from !== 'b') return satisfies(predicate, valuesAt(parts, at), account)
  const found: PlaceValues = new Map()
  lookUp(placesIn([at]), parts.body, found)
  return satisfies(predicate, [...found.values()].flat(), account)
}

interface Sorted {
  /** Every place in the body that a rule reads, as one tree: the body is walked once, whatever the number of rules. */
  readonly places: Places
  readonly inBody: ReadonlyMap<string, readonly ConditionalRule[]>
  /** Rules on other parts of the request, and rules that hold if a value is absent. */
  readonly others: readonly ConditionalRule[]
}

/** What has rules: an operation, as the wire or as a document writes it. */
interface Ruled {
  readonly rules: readonly ConditionalRule[]
}

const sortedRules = new WeakMap<Ruled, Sorted>()

function sorted(operation: Ruled): Sorted {
  const known = sortedRules.get(operation)
  if (known !== undefined) return known
  const isFound = ({ at, predicate }: ConditionalRule) => at.from === 'b' && !holdsForNothing(predicate)
  const inBody = operation.rules.filter(isFound)
  const made: Sorted = {
    places: placesIn(inBody.map(({ at }) => at)),
    inBody: Map.groupBy(inBody, ({ at }) => at.steps.join('.').toLowerCase()),
    others: operation.rules.filter((each) => !isFound(each)),
  }
  sortedRules.set(operation, made)
  return made
}

/** Returns what every rule that holds adds to the classes and traits of an operation; `-trait` takes a trait away. */
export function addedBy(operation: Ruled, parts: RequestParts, account: Account): string[] {
  const { places, inBody, others } = sorted(operation)
  const added: string[] = []
  for (const rule of others) if (holds(rule, parts, account)) added.push(...rule.adds)
  if (inBody.size === 0 || parts.body === undefined) return added
  const found: PlaceValues = new Map()
  lookUp(places, parts.body, found)
  for (const [place, values] of found)
    for (const rule of inBody.get(place) ?? [])
      if (satisfies(rule.predicate, values, account)) added.push(...rule.adds)
  return added
}
