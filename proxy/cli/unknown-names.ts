/** Says which names of a described call nobody has: a misspelt one would be denied like any other. */
import { loadCatalogue } from '../aws/catalogue/catalogue.ts'
import type { Config } from '../config/schema/config.ts'
import { isTemplate, mayMake } from '../core/agent-template.ts'
import { didYouMean } from '../core/did-you-mean.ts'

export interface DescribedCall {
  readonly agent: string
  readonly service: string | undefined
  readonly operation: string | undefined
}

/** Returns a sentence for each unknown name, with what may be meant. */
export function unknownNames(
  { agent, service, operation }: DescribedCall,
  { agents, identity, catalogue: own }: Pick<Config, 'agents' | 'identity' | 'catalogue'>,
): readonly string[] {
  const ids = agents.map(({ id }) => id)
  const templates = identity.providers
    .flatMap(({ rules }) => rules.map((rule) => rule.agent))
    .filter(isTemplate)
  const isSomebody = ids.includes(agent) || templates.some((template) => mayMake(template, agent))
  const nobody = isSomebody ? [] : [`the configuration has no agent ${agent}${didYouMean(agent, ids)}`]
  if (service === undefined || own.services.some(({ name }) => name === service)) return nobody
  const catalogue = loadCatalogue()
  const named = catalogue.models.flatMap((model) => {
    const each = catalogue.service(model)
    return each !== undefined && (each.prefix === service || model === service) ? each.operationNames : []
  })
  if (named.length === 0)
    return [...nobody, `the catalogue has no service ${service}${didYouMean(service, catalogue.services)}`]
  if (operation === undefined || named.includes(operation)) return nobody
  return [...nobody, `the catalogue has no ${service}:${operation}${didYouMean(operation, named)}`]
}
