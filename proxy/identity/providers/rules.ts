/** Maps what a provider vouches for to an agent by rules, so that identities cannot be multiplied (rule S20). */
import { wildcardMatch } from '../../../policy/arn-match.ts'
import { fillTemplate, isTemplate, rootOf } from '../../core/agent-template.ts'
import { Denial } from '../../core/denial/denial.ts'
import type { Clock } from '../../core/ports.ts'

/**
 * Holds what a provider vouches for: a token's claims, or of a SPIFFE ID `sub` and its `path` without the first slash.
 */
export type Claims = Readonly<Record<string, unknown>>

export interface MappingRule {
  /** Patterns by claim, all of which must match; `*` stands for any characters. */
  readonly match: Readonly<Record<string, readonly string[]>>
  /** An agent that the configuration names, or a template: `spiffe://example.org/ci/{repository}`. */
  readonly agent: string
}

export interface Mapped {
  readonly agentId: string
  readonly root: string
}

export interface RulesOptions {
  readonly provider: string
  readonly rules: readonly MappingRule[]
  /** Ids of the agents that the configuration names. */
  readonly named: ReadonlySet<string>
  /** Of all templates of the provider. */
  readonly maxAgents: number
  readonly clock: Clock
}

const MAX_ID = 256
const DAY_MS = 24 * 60 * 60_000
/** As the path of a SPIFFE ID has it: nothing in a value can be taken for another part of the agent's id. */
const VALUE = /^(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+)*$/

/** Returns the function that maps claims: the first rule that matches decides. Denial `identity_unmapped`. */
export function agentRules({ provider, rules, named, maxAgents, clock }: RulesOptions) {
  /** Ids that templates made, each with its last use; forgotten a day later. */
  const made = new Map<string, number>()

  function admit(id: string): void {
    const nowMs = clock.nowMs()
    if (!made.has(id) && made.size >= maxAgents) {
      for (const [each, usedAtMs] of made) if (nowMs - usedAtMs >= DAY_MS) made.delete(each)
      if (made.size >= maxAgents) {
        const most = `The rules of provider ${provider} made ${maxAgents} agents already, which is the most`
        throw new Denial('identity_unmapped', `${most} (maxAgents) for a day.`)
      }
    }
    made.set(id, nowMs)
  }

  return function agentOf(claims: Claims): Mapped {
    const rule = rules.find(({ match }) =>
      Object.entries(match).every(([name, patterns]) =>
        valuesOf(claims, name).some((value) => wildcardMatch(patterns, value)),
      ),
    )
    if (rule === undefined) {
      throw new Denial('identity_unmapped', `No rule of provider ${provider} matches this identity.`)
    }
    if (!isTemplate(rule.agent)) return { agentId: rule.agent, root: rule.agent }
    const agentId = filled(rule.agent, claims)
    if (agentId.length > MAX_ID || named.has(agentId)) {
      const why =
        agentId.length > MAX_ID ? `over ${MAX_ID} characters long` : 'an agent with grants of its own'
      throw new Denial('identity_unmapped', `The agent that ${rule.agent} makes of this identity is ${why}.`)
    }
    admit(agentId)
    return { agentId, root: rootOf(provider, rule.agent) }
  }
}

function filled(template: string, claims: Claims): string {
  return fillTemplate(template, (name) => {
    const [value = '', ...more] = valuesOf(claims, name)
    if (VALUE.test(value) && more.length === 0) return value
    throw new Denial(
      'identity_unmapped',
      `The claim ${name} must be one text of letters, digits and ./_- to name an agent.`,
    )
  })
}

/** Returns a claim by its name, or by a JSON Pointer (RFC 6901) if that begins with a slash; each element of a list. */
function valuesOf(claims: Claims, name: string): string[] {
  const keys = name.startsWith('/') ? name.slice(1).split('/').map(unescaped) : [name]
  let value: unknown = claims
  for (const key of keys) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return []
    value = (value as Record<string, unknown>)[key]
  }
  return [value].flat().filter(isText).map(String)
}

function isText(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

function unescaped(key: string): string {
  return key.replaceAll('~1', '/').replaceAll('~0', '~')
}
