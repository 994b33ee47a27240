/** Puts together the rules of an operation: those by hand, those of the reviews, and those of the kinds. */
import type { RawOperation, RawRule } from './format.ts'
import { wireLocation } from './model.ts'
import type { ServiceScope } from './scope.ts'

/** Turns a member path of the hand-made data into a location; one with a colon is a location already. */
export function located({ name, model }: ServiceScope, operation: string, path: string): string {
  const location = path.includes(':') ? path : wireLocation(model, operation, path)
  if (location === undefined) throw new Error(`overrides: ${name}.${operation} has no member ${path}`)
  return location
}

/**
 * Returns the hand-made rules, `opaque` for each member in `later`, which is run later, and what the kinds say. A
 * hand-made rule on the same place decides about the classes that it names. What `known` has already is left out.
 */
export function rulesOf(
  scope: ServiceScope,
  operation: string,
  later: readonly string[],
  kinds: readonly RawRule[],
  known: readonly string[],
): RawRule[] {
  const hand = handRules(scope, operation)
  const running = later.map((each): RawRule => [each, 'exists', ['opaque']])
  const byHand = new Set(hand.flatMap(([at, , adds]) => adds.map((each) => `${at} ${each}`)))
  const merged = new Map<string, RawRule>()
  for (const [at, predicate, adds] of [...running, ...kinds]) {
    const key = `${at} ${predicate}`
    const fresh = adds.filter((each) => !known.includes(each) && !byHand.has(`${at} ${each}`))
    const all = [...new Set([...(merged.get(key)?.[2] ?? []), ...fresh])]
    if (all.length > 0) merged.set(key, [at, predicate, all])
  }
  return [...hand, ...merged.values()]
}

/** Leaves out a rule on a part of what another rule judges as a whole: where the part exists, the whole does. */
export function withoutInner(rules: readonly RawRule[]): RawRule[] {
  const whole = rules.filter(([, predicate]) => predicate === 'exists')
  return rules.filter(([at, , adds]) => {
    const above = whole.filter(([place]) => at.startsWith(`${place}.`)).flatMap((each) => each[2])
    return !adds.every((each) => above.includes(each))
  })
}

/** Groups rules that differ in their place only, and numbers what they say in the service's table. */
export function grouped(scope: ServiceScope, rules: readonly RawRule[]): NonNullable<RawOperation['w']> {
  const groups = new Map<number, string[]>()
  for (const [at, predicate, adds] of rules) {
    const spelled = JSON.stringify([predicate, adds])
    const known = scope.sayings.get(spelled) ?? scope.sayings.size
    scope.sayings.set(spelled, known)
    groups.set(known, [...(groups.get(known) ?? []), at])
  }
  return [...groups].map(([saying, places]) => [saying, ...places])
}

function handRules(scope: ServiceScope, operation: string): RawRule[] {
  return scope.overrides.rules
    .filter(([key]) => key === `${scope.name}.${operation}`)
    .map(([, path, predicate, adds]) => [located(scope, operation, path), predicate, adds])
}
