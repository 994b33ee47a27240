/** Parses JSON; undefined where the text is none. Whoever calls it checks the shape. */
export function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
