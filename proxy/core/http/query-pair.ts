/** Splits one pair of a query string or form into its raw name and value; `k` is read as `k=`. */
export function splitPair(pair: string): readonly [name: string, value: string] {
  const equals = pair.indexOf('=')
  return equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)]
}
