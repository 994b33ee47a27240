/** Matches resource ARNs against patterns: these are the builtins that the host provides to Rego. */
import { plainText } from './literal-names.ts'

/** Caches compiled patterns: the literal parts between the `*`s. Patterns come from configuration; the bound is a backstop. */
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

/** Matches without backtracking: the first part is a prefix, the last a suffix, the others match where they first occur. */
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

/** Tells whether a pattern covers the text. Only `*` is special: it stands for any characters, also `:`, `/` and line ends. */
export function wildcardMatch(patterns: readonly string[], text: string): boolean {
  for (const pattern of patterns) if (matchesParts(partsOf(pattern), text)) return true
  return false
}

/**
 * Tells whether a pattern covers the ARN. `*` stands for any characters, also `:`, `/` and line ends; `${*}`, `${?}` and
 * `${$}` for one character each (`literal-names.ts`).
 *
 * An ARN with `*` in it (all objects of a bucket) is covered only by a pattern whose own `*` spans it, so a set of
 * resources is covered only as a whole.
 */
export function arnMatch(patterns: readonly string[], arn: string): boolean {
  const text = plainText(arn)
  for (const pattern of patterns) if (matchesParts(partsOf(plainText(pattern)), text)) return true
  return false
}

/**
 * Tells whether a pattern and the resource can mean the same ARN; both are plain text. The resource may have `*`: for an
 * unknown account, which has no `:` in it, or for all objects of a bucket. It errs towards true: texts that are too long
 * to compare overlap if their ends agree.
 */
export function arnOverlap(patterns: readonly string[], arn: string): boolean {
  return overlap(patterns, arn, startOfResource(arn))
}

/**
 * Tells whether a resource can be covered both by one of the patterns and by the other pattern; all are plain text. Every
 * `*` stands for any characters, as in `arnMatch`. Two patterns that are written field by field are compared by fields if no `*` of the other
 * can span several fields, or if both name resources of one type: no resource has its type twice
 * (`function:prod:function:test`). Otherwise any text counts: `*:prod` may be a function's name, or the end of a key.
 */
export function patternsOverlap(patterns: readonly string[], other: string): boolean {
  const fields = fieldsOf(other)
  return patterns.some((pattern) => {
    const own = fieldsOf(pattern)
    if (own === undefined || fields === undefined || !areFieldsApart(own, fields))
      return overlap([pattern], other, 0)
    return own.every((field, index) => overlap([field], fields[index] ?? '', 0))
  })
}

function areFieldsApart(own: readonly string[], other: readonly string[]): boolean {
  const type = typeIn(own)
  if (type !== '' && type === typeIn(other)) return true
  return !other.slice(0, -1).some((field) => field.includes('*'))
}

const FIELDS = /^arn:(\*|aws[a-z-]*\*?):([a-z0-9*-]+):([a-z0-9*-]*):([0-9*]*|aws):(.*)$/s

/** Returns partition, service, region, account and resource; undefined if a `*` may stand for several of them. */
function fieldsOf(pattern: string): readonly string[] | undefined {
  return FIELDS.exec(pattern)?.slice(1)
}

/** Returns the text before a resource's name; empty if there is none. */
function typeIn(fields: readonly string[]): string {
  return /^[^*:/]+(?=[:/])/.exec(fields.at(-1) ?? '')?.[0] ?? ''
}

/** Compares patterns; each `*` of `other` before `anyFrom` does not span a `:`. */
function overlap(patterns: readonly string[], other: string, anyFrom: number): boolean {
  if (hasKnownGap(other))
    return patterns.some((pattern) => beginsAgree(pattern, other) && intersectShort(pattern, other, anyFrom))
  if (!other.includes('*')) return wildcardMatch(patterns, other)
  return patterns.some((pattern) => {
    if (!pattern.includes('*')) return wildcardMatch([other], pattern)
    if (!endsAgree(pattern, other)) return false
    const isPrefix = pattern.indexOf('*') === pattern.length - 1
    return isPrefix || intersectShort(pattern, other, anyFrom)
  })
}

/** Compares texts that are short enough to compare; longer ones overlap. */
function intersectShort(one: string, other: string, anyFrom: number): boolean {
  return one.length * other.length > MAX_COMPARED || intersect(one, other, anyFrom)
}

/** Stands in a resource for exactly one character that nobody knows. No name of a service has it. */
export const ANY_CHARACTER = '\u0000'
/** Stands in a resource for an id that nobody knows: a UUID or a number. No name has it, since it is half a character. */
export const ANY_ID = '\udffe'
/** Stands in a resource for a part between two colons that nobody knows. */
export const ANY_PART = '\udffd'

/** Tells whether something is known of what stands in the gaps of a resource. */
function hasKnownGap(text: string): boolean {
  return text.includes(ANY_CHARACTER) || text.includes(ANY_ID) || text.includes(ANY_PART)
}

/** Limits the product of both lengths: agents choose one of them. */
const MAX_COMPARED = 16_384
const STAR = 0x2a
const COLON = 0x3a
const GAP = ANY_CHARACTER.charCodeAt(0)
const ID = ANY_ID.charCodeAt(0)
const PART = ANY_PART.charCodeAt(0)

function isStar(code: number): boolean {
  return code === STAR || code === ID || code === PART
}

/** Tells whether what stands for several characters can have this one; only from some place on it may be a colon. */
function spans(star: number, char: number, anyFrom: boolean): boolean {
  if (star === ID) return /[0-9a-f-]/.test(String.fromCharCode(char))
  return char !== COLON || (star === STAR && anyFrom)
}

/** Matches what begins with the first gap. */
const FROM_GAP = new RegExp(`[*${ANY_CHARACTER}${ANY_ID}${ANY_PART}][^]*`)

/** Compares what stands before the first `*` or unknown character: most patterns differ there. */
function beginsAgree(pattern: string, other: string): boolean {
  const [one, two] = [pattern.split('*', 1)[0] ?? '', other.replace(FROM_GAP, '')]
  return one.startsWith(two) || two.startsWith(one)
}

function endsAgree(one: string, other: string): boolean {
  const [oneFirst, otherFirst] = [one.slice(0, one.indexOf('*')), other.slice(0, other.indexOf('*'))]
  const [oneLast, otherLast] = [one.slice(one.lastIndexOf('*') + 1), other.slice(other.lastIndexOf('*') + 1)]
  return (
    (oneFirst.startsWith(otherFirst) || otherFirst.startsWith(oneFirst)) &&
    (oneLast.endsWith(otherLast) || otherLast.endsWith(oneLast))
  )
}

/** Tells whether some ARN is covered by both. `row[j]` is set if `one[0, i)` and `other[0, j)` can be the same text. */
function intersect(one: string, other: string, anyFrom: number): boolean {
  let row = new Uint8Array(other.length + 1)
  row[0] = 1
  for (let i = 0; ; i++) {
    const next = new Uint8Array(other.length + 1)
    const char = one.charCodeAt(i)
    for (let j = 0; j <= other.length; j++) {
      if (row[j] !== 1) continue
      const wanted = other.charCodeAt(j)
      if (j < other.length && (char === STAR || isStar(wanted))) row[j + 1] = 1
      if (char === STAR || (isStar(wanted) && spans(wanted, char, j >= anyFrom))) next[j] = 1
      if (char === wanted || (wanted === GAP && i < one.length)) next[j + 1] = 1
    }
    if (i === one.length) return row[other.length] === 1
    row = next
  }
}

/** Returns the index after the fifth colon of an ARN; 0 for anything else. */
export function startOfResource(arn: string): number {
  if (!arn.startsWith('arn:')) return 0
  let at = 0
  for (let field = 0; field < 5; field++) {
    at = arn.indexOf(':', at) + 1
    if (at === 0) return 0
  }
  return at
}
