/** Reads agent ids with placeholders, such as `spiffe://example.org/ci/{repo}`. A provider's rules fill them from verified claims. */
import { wildcardMatch } from '../../policy/arn-match.ts'

/** Matches a placeholder; the group is its name. */
export const PLACEHOLDER = /\{([^{}]+)\}/g

/** Tells whether an agent id of the configuration has placeholders. */
export function isTemplate(agent: string): boolean {
  return agent.includes('{')
}

/** Tells whether the template can make an agent of this id, whatever fills its placeholders. */
export function mayMake(template: string, agentId: string): boolean {
  return wildcardMatch([template.replaceAll(PLACEHOLDER, '*')], agentId)
}

/** Returns the root that all agents of a template share: one budget, the same grants, and revocation together (S20). */
export function rootOf(provider: string, template: string): string {
  return `${provider}:${template}`
}
