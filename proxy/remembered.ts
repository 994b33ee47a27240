export interface Memory {
  /** How many texts are remembered; with one more, all are forgotten. */
  readonly most: number
  /** Longer texts are not remembered: agents choose them. */
  readonly longest: number
}

/** `make`, which remembers what it made of a text: agents send few different ones, again and again. */
export function remembered<Value>(
  make: (text: string) => Value,
  { most, longest }: Memory,
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
