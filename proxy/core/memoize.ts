export interface MemoizeLimits {
  /** How many texts are remembered; with one more, all are forgotten. */
  readonly most: number
  /** Longer texts are not remembered: agents choose them. */
  readonly longest: number
}

/**
 * `make`, which remembers what it made of a text: agents send few different ones, again and again. It saves time and
 * nothing else: who sends ever new ones has it forget. What it gives is shared, so nobody may change it; what throws is
 * not remembered.
 */
export function memoize<Value>(
  make: (text: string) => Value,
  { most, longest }: MemoizeLimits,
): (text: string) => Value {
  const made = new Map<string, Value>()
  return (text) => {
    const known = made.get(text)
    if (known !== undefined) return known
    const value = make(text)
    if (text.length > longest) return value
    if (made.size >= most) made.clear()
    made.set(text, value)
    return value
  }
}
