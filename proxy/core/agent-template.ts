/** Reads agent ids with placeholders, such as `spiffe://example.org/ci/{repo}`. A provider's rules fill them from verified claims. */
import { wildcardMatch } from '../../policy/arn-match.ts'

/** Matches a placeholder; the group is its name. */
export const PLACEHOLDER = /\{([^{}]+)\}/g

/** Tells whether an agent id of the configuration has placeholders. */
export function isTemplate(agent: string): boolean {
  return agent.includes('{')
}

/** What a claim's value may have beside letters and digits. */
const MARK = /[./_-]/g

/**
 * Returns the marks that keep a template's claims apart: those of the texts between its placeholders. None for a
 * template of one placeholder. Undefined where two placeholders have no mark between them, so that two pairs of values
 * would make one id.
 */
export function separatorsOf(template: string): ReadonlySet<string> | undefined {
  // A text that has one named group in it splits to literals and names in turn.
  const between = template
    .split(PLACEHOLDER)
    .filter((_, index) => index % 2 === 0)
    .slice(1, -1)
  const marks = between.map((literal) => literal.match(MARK) ?? [])
  return marks.some(({ length }) => length === 0) ? undefined : new Set(marks.flat())
}

/**
 * Returns the id that a template makes of values by claim name. A mark that keeps claims apart is percent-encoded in a
 * value (RFC 3986 2.1), so that no two sets of values make one id: `{path}/{ref}` of `a/b` and `main` is `a%2Fb/main`.
 */
export function fillTemplate(template: string, valueOf: (claim: string) => string): string {
  const separators = separatorsOf(template) ?? new Set()
  const written = (mark: string): string => (separators.has(mark) ? percentEncoded(mark) : mark)
  return template.replace(PLACEHOLDER, (_, claim: string) => valueOf(claim).replace(MARK, written))
}

/** Returns an ASCII character as `%2F`, those too that `encodeURIComponent` leaves as they are. */
export function percentEncoded(mark: string): string {
  return `%${mark.charCodeAt(0).toString(16).toUpperCase()}`
}

/** Tells whether the template can make an agent of this id, whatever fills its placeholders. */
export function mayMake(template: string, agentId: string): boolean {
  return wildcardMatch([template.replaceAll(PLACEHOLDER, '*')], agentId)
}

/** Returns the root that all agents of a template share: one budget, the same grants, and revocation together (S20). */
export function rootOf(provider: string, template: string): string {
  return `${provider}:${template}`
}
