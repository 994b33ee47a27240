/** Finds the name that somebody meant who misspelt it. */
import { closestMatch } from 'leven'

/** Two letters that changed places are two mistakes. */
function mistakesIn({ length }: string): number {
  return length < 3 ? 1 : Math.min(3, Math.max(2, Math.floor(length / 3)))
}

/** Returns the known name that is nearest to a given one; undefined if none is near. Letter case does not matter. */
export function nearest(given: string, known: Iterable<string>): string | undefined {
  const names = new Map([...known].map((name) => [name.toLowerCase(), name]))
  const wanted = given.toLowerCase()
  const closest = closestMatch(wanted, [...names.keys()], { maxDistance: mistakesIn(wanted) })
  const begun = [...names.keys()].filter((name) => wanted.length > 2 && name.startsWith(wanted))
  return names.get(closest ?? (begun.length === 1 ? (begun[0] ?? '') : ''))
}

/** Returns the suggestion to be read after a message, such as ` (did you mean dynamodb?)`; empty if there is none. */
export function didYouMean(given: string, known: Iterable<string>): string {
  const name = nearest(given, known)
  return name === undefined || name === given ? '' : ` (did you mean ${name}?)`
}
