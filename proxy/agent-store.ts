/** Who owns an access key: an agent that the configuration names, or a session that its token tells of. */
import type { Config } from './config-schema.ts'
import { Denial } from './denial.ts'
import type { Sessions } from './identity/sessions.ts'
import type { AgentStore, Owner } from './ports.ts'

/** Static agents have no session token: one beside their key, of AWS's, can only be a foreign one. */
export function agentStore(agents: Config['agents'], sessions: Pick<Sessions, 'open'>): AgentStore {
  const byKey = new Map<string, Owner>()
  for (const { id, accessKeyId, secretAccessKey } of agents) {
    if (accessKeyId === undefined || secretAccessKey === undefined) continue
    byKey.set(accessKeyId, { agent: { id, root: id, accessKeyId, session: undefined }, secretAccessKey })
  }
  return {
    find(accessKeyId, sessionToken) {
      const owner = byKey.get(accessKeyId)
      if (sessionToken === undefined) {
        if (owner === undefined) throw new Denial('unknown_credential', 'No agent has this access key id.')
        return owner
      }
      if (owner === undefined) return sessions.open(accessKeyId, sessionToken)
      throw new Denial('unknown_credential', 'The session token was not issued here; sign without one.')
    },
  }
}
