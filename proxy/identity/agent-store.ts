/** Finds who owns an access key: an agent that the configuration names, or a session that its token tells of. */
import type { Config } from '../config/schema/config.ts'
import { Denial } from '../core/denial/denial.ts'
import type { Sessions } from './sessions.ts'
import type { AgentStore, Owner } from '../core/ports.ts'

/** Holds the owners of static access keys, by key. */
export type StaticOwners = ReadonlyMap<string, Owner>

/**
 * Returns the owners of static keys. `before` are the owners whom these replace at `nowMs`: a key that keeps its owner
 * and its secret keeps its age, so that calls which wait can be told from calls of a key that was withdrawn or given
 * away meanwhile.
 */
export function staticOwners(
  agents: Config['agents'],
  { before, nowMs }: { readonly before?: StaticOwners | undefined; readonly nowMs?: number } = {},
): StaticOwners {
  const byKey = new Map<string, Owner>()
  for (const { id, accessKeyId, secretAccessKey } of agents) {
    if (accessKeyId === undefined || secretAccessKey === undefined) continue
    const known = before?.get(accessKeyId)
    const same = known?.agent.id === id && known.secretAccessKey === secretAccessKey
    const sinceMs = same ? known.sinceMs : before === undefined ? undefined : nowMs
    const agent = { id, root: id, accessKeyId, session: undefined }
    byKey.set(accessKeyId, { agent, secretAccessKey, sinceMs })
  }
  return byKey
}

/**
 * Returns the store of all agents. Static agents have no session token: one beside their key, of AWS's, can only be a
 * foreign one.
 */
export function agentStore(owners: () => StaticOwners, sessions: Pick<Sessions, 'open'>): AgentStore {
  return {
    find(accessKeyId, sessionToken) {
      const owner = owners().get(accessKeyId)
      if (sessionToken === undefined) {
        if (owner === undefined) throw new Denial('unknown_credential', 'No agent has this access key id.')
        return owner
      }
      if (owner === undefined) return sessions.open(accessKeyId, sessionToken)
      throw new Denial('unknown_credential', 'The session token was not issued here; sign without one.')
    },
  }
}
