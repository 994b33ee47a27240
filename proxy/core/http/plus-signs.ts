/** Writes a `+` in a query as the space that it means. */

/**
 * Returns the query string with `%20` for each `+`. AWS reads `+` as a space there, and verifies it as `%20`; whoever
 * reads the result, reads the same.
 */
export function withPlainSpaces(query: string): string {
  return query.includes('+') ? query.replaceAll('+', '%20') : query
}
