/** Gives policy what it knows of agents: their grants by root, which agents of one template share. */
import type { PolicyData } from '../../policy/engine.ts'
import type { Config } from '../config/schema/config.ts'
import { isTemplate, rootOf } from '../core/agent-template.ts'

/** Returns the grants of the agents that the configuration names, and of those that the rules of its providers make. */
export function grantsByRoot({
  agents,
  identity,
}: Pick<Config, 'agents' | 'identity'>): PolicyData['agents'] {
  const named = new Map(agents.map(({ id, grants }) => [id, grants]))
  const made = identity.providers.flatMap(({ name, rules }) =>
    rules
      .filter(({ agent }) => isTemplate(agent))
      .map(
        ({ agent, grants, grantsOf = '' }) =>
          [rootOf(name, agent), grants ?? named.get(grantsOf) ?? []] as const,
      ),
  )
  return Object.fromEntries([...named, ...made].map(([root, grants]) => [root, { grants }]))
}
