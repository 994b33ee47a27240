/** Returns a function that makes a value once for each key, such as the child of a metric for a label. Keys must be bounded. */
export function lookup<Value>(make: (key: string) => Value): (key: string) => Value {
  const made = new Map<string, Value>()
  return (key) => {
    const known = made.get(key)
    if (known !== undefined) return known
    const value = make(key)
    made.set(key, value)
    return value
  }
}
