/** Matches resource ARNs against patterns: the builtins that the host gives to Rego. */

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

/**
 * True unless no ARN could be meant by both the pattern and the resource, which may itself hold `*`. For what must not
 * be missed: of two texts with `*` it compares what stands before the first and after the last one, so it may say
 * true of two that have nothing in common, and never false of two that have.
 */
export function arnOverlap(patterns: readonly string[], arn: string): boolean {
  if (!arn.includes('*')) return arnMatch(patterns, arn)
  return patterns.some((pattern) =>
    pattern.includes('*') ? endsAgree(pattern, arn) : arnMatch([arn], pattern),
  )
}

function endsAgree(one: string, other: string): boolean {
  const [oneFirst, otherFirst] = [one.slice(0, one.indexOf('*')), other.slice(0, other.indexOf('*'))]
  const [oneLast, otherLast] = [one.slice(one.lastIndexOf('*') + 1), other.slice(other.lastIndexOf('*') + 1)]
  return (
    (oneFirst.startsWith(otherFirst) || otherFirst.startsWith(oneFirst)) &&
    (oneLast.endsWith(otherLast) || otherLast.endsWith(oneLast))
  )
}
