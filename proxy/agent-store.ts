/** The agents that the configuration names. */
import type { Config } from './config-schema.ts'
import type { AgentStore } from './ports.ts'

export function staticAgents(agents: Config['agents']): AgentStore {
  const byKey = new Map(
    agents.map(({ id, accessKeyId, secretAccessKey, grants }) => [
      accessKeyId,
      { agent: { id, accessKeyId, grants }, secretAccessKey },
    ]),
  )
  return { find: (accessKeyId) => byKey.get(accessKeyId) }
}
