/** Checks over identity providers and the agents that their rules make. */
import { isSafeFromOthers } from '../../core/addresses.ts'
import type { Finding } from './finding.ts'
import type { Config } from '../schema/config.ts'
import { isTemplate, rootOf, separatorsOf } from '../../core/agent-template.ts'

type Provider = Config['identity']['providers'][number]
type Rule = Provider['rules'][number]

/** Returns what is wrong with the providers, and with the agents that their rules name; nothing if all is well. */
export function identityProblems(config: Config): Finding[] {
  const seen = new Set<string>()
  return config.identity.providers.flatMap((provider, index) => {
    const path = `identity.providers.${index}`
    const findings = [...placeProblems(provider, path), ...ruleProblems(provider, config, path)]
    const vouches =
      provider.type === 'oidc' ? `issuer ${provider.issuer}` : `${provider.type} ${provider.trustDomain}`
    for (const [key, value] of [
      ['name', `name ${provider.name}`],
      [provider.type === 'oidc' ? 'issuer' : 'trustDomain', vouches],
    ] as const) {
      if (seen.has(value)) findings.push({ path: `${path}.${key}`, message: 'stands twice' })
      seen.add(value)
    }
    if (provider.type === 'spiffe-x509' && config.listen.tls === undefined) {
      findings.push({ path, message: 'needs listen.tls: its certificates are those of clients' })
    }
    return findings
  })
}

/** Everything that is fetched is fetched over https. */
function placeProblems(provider: Provider, path: string): Finding[] {
  const places: (readonly [string, string | undefined])[] =
    provider.type === 'oidc'
      ? [
          ['issuer', provider.issuer],
          ['jwksUri', provider.jwksUri],
        ]
      : [['bundle.endpoint', provider.bundle.endpoint]]
  return places.flatMap(([key, place]) => {
    const url = place === undefined ? undefined : URL.parse(place)
    if (
      url === undefined ||
      (url !== null && isSafeFromOthers(url) && url.username === '' && url.hash === '')
    )
      return []
    return [{ path: `${path}.${key}`, message: 'must be an https URL, or http on a loopback address' }]
  })
}

function ruleProblems({ name, rules }: Provider, { agents }: Config, path: string): Finding[] {
  const ids = new Set(agents.map(({ id }) => id))
  const templates = new Set<string>()
  return rules.flatMap((rule, index) => {
    const at = `${path}.rules.${index}`
    if (!isTemplate(rule.agent)) return namedProblems(rule, ids, at)
    const findings = templateProblems(rule, ids, at)
    if (templates.has(rule.agent) || ids.has(rootOf(name, rule.agent)))
      findings.push({ path: `${at}.agent`, message: 'stands twice; one rule can match several patterns' })
    templates.add(rule.agent)
    return findings
  })
}

function namedProblems({ agent, grants, grantsOf }: Rule, ids: ReadonlySet<string>, at: string): Finding[] {
  if (!ids.has(agent))
    return [{ path: `${at}.agent`, message: 'is none of agents; name one, or write a template' }]
  if (grants === undefined && grantsOf === undefined) return []
  return [{ path: at, message: 'grants and grantsOf are for templates: this agent has its own in agents' }]
}

function templateProblems(
  { agent, grants, grantsOf }: Rule,
  ids: ReadonlySet<string>,
  at: string,
): Finding[] {
  const findings: Finding[] = []
  if (!/^[^{}]*(?:\{[^{}]+\}[^{}]*)+$/.test(agent))
    findings.push({ path: `${at}.agent`, message: 'has a brace that is not closed' })
  if (separatorsOf(agent) === undefined)
    findings.push({
      path: `${at}.agent`,
      message: 'needs a mark between two claims, one of . / _ -, or two workloads could be one agent',
    })
  if ((grants === undefined) === (grantsOf === undefined))
    findings.push({ path: at, message: 'a template needs either grants or grantsOf' })
  if (grantsOf !== undefined && !ids.has(grantsOf))
    findings.push({ path: `${at}.grantsOf`, message: 'is none of agents' })
  return findings
}
