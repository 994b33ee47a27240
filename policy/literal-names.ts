/**
 * Spells names in which a star is a star, and reads that spelling. In ARNs and patterns a bare `*` is never a part of a
 * name: it stands for what nobody knows, or for any characters. The spelling is that of IAM's policies (IAM user guide,
 * "Policy variables", "Special characters that can be used as variables").
 */

/** Stands for a star that is a part of a name, in plain text. No name has it, since it is half a character. */
const LITERAL_STAR = '\udfff'

/** Matches `${*}`, `${?}` and `${$}`; the group is the character. */
const SPELLED = /\$\{([*?$])\}/g

/** Matches `${` that begins none of these. */
const STRAY = /\$\{(?![*?$]\})[^}]{0,100}\}?/

/** Returns a name as ARNs and patterns have it: a star is `${*}`, and no two names have one spelling. */
export function literalName(name: string): string {
  return name.replace(/\*|\$(?=\{)/g, (each) => `\${${each}}`)
}

/** Returns a text with stars that stand for something unknown: only what looks like the spelling above is spelled. */
export function unknownStars(text: string): string {
  return text.includes('${') ? text.replaceAll('${', '${$}{') : text
}

/** Returns an ARN or a pattern as it is compared: a bare `*` is any text, every other character is itself. */
export function plainText(text: string): string {
  if (!text.includes('${')) return text
  return text.replace(SPELLED, (_, char: string) => (char === '*' ? LITERAL_STAR : char))
}

/** Returns the first `${...}` of a pattern that is no spelling of a character; undefined if there is none. */
export function strayVariable(pattern: string): string | undefined {
  return STRAY.exec(pattern)?.[0]
}
