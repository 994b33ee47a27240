import { RecentMap } from './recent-map.ts'

export interface MemoizeLimits {
  /** The number of texts that are kept at least: those used last. At most twice as many are kept. */
  readonly most: number
  /** The length up to which a text is kept, in characters: agents choose the texts. */
  readonly longest: number
}

/**
 * Returns a version of `make` that keeps its results: agents send the same few texts again and again. It only saves
 * time; a flow of new texts clears it. Results are shared, so no caller may change one. Errors are not kept.
 */
export function memoize<Value>(
  make: (text: string) => Value,
  { most, longest }: MemoizeLimits,
): (text: string) => Value {
  const made = new RecentMap<Value>(most)
  return (text) => {
    const known = made.get(text)
    if (known !== undefined) return known
    const value = make(text)
    if (text.length <= longest) made.set(text, value)
    return value
  }
}
