import { RecentMap } from './recent-map.ts'

export interface MemoizeLimits {
  /** So many texts are remembered at least: those used last. At most twice as many are. */
  readonly most: number
  /** Longer texts are not remembered: agents choose them. */
  readonly longest: number
}

/**
 * Returns `make`, which remembers what it made of a text: agents send few different ones, again and again. It saves time
 * and nothing else: who sends ever new ones has it forget. What it gives is shared, so nobody may change it; what throws
 * is not remembered.
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
