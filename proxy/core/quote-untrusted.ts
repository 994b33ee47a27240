/** Shows text that an agent wrote to people: quoted, escaped, bounded, with every character visible (S18). */

const MAX_CHARACTERS = 300
/** For names of resources, which are shown whole: AWS takes no longer ones. */
export const MAX_ARN = 2_048

/** Letters, digits and signs that people read in prose; other characters beyond ASCII are escaped. */
const READABLE = /^[\p{L}\p{N}\p{P}\p{S}]$/u
/** Those of them that have no width or look like a space. */
const BLANK = /^[\u115f\u1160\u3164\uffa0\u2800]$/u

/**
 * Returns the text in quotes, as printable ASCII. Everything else, quotes and backslashes are escaped (`\u{202e}`), so
 * no two texts look the same and none can look like ours. With `prose`, letters and signs of other scripts are kept.
 * Text of more than `max` characters is cut; a note outside the quotes says so.
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

/** Tells whether `quoteUntrusted` shows the text without a cut. */
export function isShownWhole(text: string, max: number = MAX_CHARACTERS): boolean {
  return Array.from(text).length <= max
}

function visible(char: string, prose: boolean): string {
  if (char === '"' || char === '\\') return `\\${char}`
  if (char >= ' ' && char <= '~') return char
  if (prose && READABLE.test(char) && !BLANK.test(char)) return char
  return `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`
}
