/** Matches resource ARNs against grant patterns: the one builtin that the host gives to Rego. */

/** Compiled patterns: the literal parts between the `*`s. Patterns come from configuration; the bound is a backstop. */
const compiled = new Map<string, readonly string[]>()
const MAX_COMPILED = 10_000

function partsOf(pattern: string): readonly string[] {
  const known = compiled.get(pattern)
  if (known !== undefined) return known
  if (compiled.size >= MAX_COMPILED) compiled.clear()
  const parts = pattern.split('*')
  compiled.set(pattern, parts)
  return parts
}

/** The first part is a prefix, the last a suffix, each one between is taken where it first occurs: no backtracking. */
function matchesParts(parts: readonly string[], text: string): boolean {
  const first = parts[0] ?? ''
  if (parts.length === 1) return text === first
  const last = parts.at(-1) ?? ''
  const end = text.length - last.length
  if (end < first.length || !text.startsWith(first) || !text.endsWith(last)) return false
  let at = first.length
  for (let index = 1; index < parts.length - 1; index++) {
    const part = parts[index] ?? ''
    const found = text.indexOf(part, at)
    if (found < 0 || found + part.length > end) return false
    at = found + part.length
  }
  return true
}

/**
 * True if a pattern covers the ARN. Only `*` is special and stands for any characters, `:`, `/` and line ends too.
 *
 * An ARN that itself holds `*` (all objects of a bucket) is covered only by a pattern whose own `*` spans it, so
 * a set of resources is covered only as a whole.
 */
export function arnMatch(patterns: readonly string[], arn: string): boolean {
  for (const pattern of patterns) if (matchesParts(partsOf(pattern), arn)) return true
  return false
}
