/**
 * Warns of patterns and names in rules that restrict, since AWS knows what they name by other names too (rule S25), and of
 * variables in patterns of any rule.
 */
import { arnMatch } from '../../../policy/arn-match.ts'
import { patternAdvice, variableAdvice } from '../../../policy/pattern-advice.ts'
import type { Catalogue } from '../../aws/catalogue/types.ts'
import { isTemplate, mayMake } from '../../core/agent-template.ts'
import { didYouMean } from '../../core/did-you-mean.ts'
import type { Config } from '../schema/config.ts'
import type { Finding } from './finding.ts'

/** Returns what an operator may have meant otherwise. None of it keeps the configuration from being used. */
export function nameWarnings(config: Config, catalogue: Pick<Catalogue, 'services' | 'models'>): Finding[] {
  const { policy, catalogue: own, freeze, breakglass } = config
  return [
    ...patternWarnings('policy.approvals', policy.approvals, patternAdvice),
    ...patternWarnings('policy.taskApprovals', policy.taskApprovals, patternAdvice),
    ...patternWarnings('catalogue.overrides', own.overrides, patternAdvice),
    ...grantWarnings(config),
    ...resourceWarnings('breakglass', breakglass, variableAdvice),
    ...agentWarnings(config),
    ...serviceWarnings(freeze.windows, [
      ...catalogue.services,
      ...catalogue.models,
      ...own.services.map(({ name }) => name),
    ]),
  ]
}

interface Ruled {
  readonly resources?: readonly string[] | undefined
}
type Advice = (pattern: string) => string | undefined

function patternWarnings(path: string, rules: readonly Ruled[], advice: Advice): Finding[] {
  return rules.flatMap((rule, index) => resourceWarnings(`${path}.${index}`, rule, advice))
}

function resourceWarnings(path: string, { resources = [] }: Ruled, adviceOn: Advice): Finding[] {
  return resources.flatMap((pattern, at) => {
    const advice = adviceOn(pattern)
    return advice === undefined
      ? []
      : [{ path: `${path}.resources.${at}`, message: `${JSON.stringify(pattern)} ${advice}` }]
  })
}

/** A grant is taken exactly as it is written, so nothing but a variable may be meant otherwise. */
function grantWarnings({ agents, identity }: Config): Finding[] {
  return [
    ...agents.flatMap(({ grants }, index) =>
      patternWarnings(`agents.${index}.grants`, grants, variableAdvice),
    ),
    ...identity.providers.flatMap(({ rules }, index) =>
      rules.flatMap(({ grants = [] }, at) =>
        patternWarnings(`identity.providers.${index}.rules.${at}.grants`, grants, variableAdvice),
      ),
    ),
  ]
}

/** A rule for an agent that nobody is holds nobody. Agents that a template makes are not known before. */
function agentWarnings({ agents, identity, policy, freeze }: Config): Finding[] {
  const ids = agents.map(({ id }) => id)
  const templates = identity.providers
    .flatMap(({ rules }) => rules.map(({ agent }) => agent))
    .filter(isTemplate)
  const isSomebody = (pattern: string): boolean =>
    ids.some((id) => arnMatch([pattern], id)) ||
    templates.some((each) => pattern.includes('*') || mayMake(each, pattern))
  const lists: Readonly<Record<string, readonly { readonly agents?: readonly string[] | undefined }[]>> = {
    'policy.approvals': policy.approvals,
    'policy.taskApprovals': policy.taskApprovals,
    'freeze.windows': freeze.windows,
  }
  return Object.entries(lists).flatMap(([path, rules]) =>
    rules.flatMap(({ agents: patterns = [] }, index) =>
      patterns.flatMap((pattern, at) =>
        pattern === '*' || isSomebody(pattern)
          ? []
          : [
              {
                path: `${path}.${index}.agents.${at}`,
                message: `${JSON.stringify(pattern)} is no agent of this configuration${didYouMean(pattern, ids)}`,
              },
            ],
      ),
    ),
  )
}

/** A freeze of a service that no call is of freezes nothing. */
function serviceWarnings(windows: Config['freeze']['windows'], names: readonly string[]): Finding[] {
  const known = new Set(names)
  return windows.flatMap(({ services = [] }, index) =>
    services.flatMap((name, at) =>
      known.has(name)
        ? []
        : [
            {
              path: `freeze.windows.${index}.services.${at}`,
              message: `${JSON.stringify(name)} is no service${didYouMean(name, known)}: write its IAM prefix, such as dynamodb`,
            },
          ],
    ),
  )
}
