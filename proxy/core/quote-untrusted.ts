/** Shows people text that an agent wrote: quoted, escaped, bounded, and nothing of it invisible (S18). */

const MAX_CHARACTERS = 300
/** For names of resources, which are shown whole: AWS takes no longer ones. */
export const MAX_ARN = 2_048

/** Letters and the like that people read in prose; whatever else is not ASCII is spelled out. */
const READABLE = /^[\p{L}\p{N}\p{P}\p{S}]$/u
/** Of these, what has no width or turns the direction of what follows, or looks like a space. */
const BLANK = /^[\u115f\u1160\u3164\uffa0\u2800]$/u

/**
 * Returns a text in quotes, of printable ASCII: everything else, quotes and backslashes stand as escapes (`\u{202e}`), so that
 * no two texts look the same and none can look like ours. In `prose` letters and signs of other scripts stand for
 * themselves. Longer text is cut, and says so outside of the quotes.
 */
export function quoteUntrusted(text: string, { prose = false, max = MAX_CHARACTERS } = {}): string {
  let out = ''
  let left = max
  for (const char of text) {
    if (left-- <= 0) return `"${out}" (cut: ${text.length} characters in all)`
    out += visible(char, prose)
  }
  return `"${out}"`
}

/** Tells whether nothing of a text is cut. */
export function isShownWhole(text: string, max: number = MAX_CHARACTERS): boolean {
  return Array.from(text).length <= max
}

function visible(char: string, prose: boolean): string {
  if (char === '"' || char === '\\') return `\\${char}`
  if (char >= ' ' && char <= '~') return char
  if (prose && READABLE.test(char) && !BLANK.test(char)) return char
  return `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`
}
