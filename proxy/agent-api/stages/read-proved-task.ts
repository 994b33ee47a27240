import type { Checked } from '../../exchange/exchange.ts'
import { markUnreplayed, type Unreplayed } from '../../exchange/facts.ts'
import { describeAgentRequest, type AgentRequest, type AgentRequested } from '../agent-request.ts'
import { MAX_BODY_BYTES, provedBy, provedOpener, workloadOf, type ProveDeps } from '../opener.ts'
import { smallBody } from '../own-request.ts'
import { taskRoute } from '../route.ts'
import { parseTaskBody } from '../task-request.ts'

/**
 * Reads a request to the tasks endpoint that an identity provider's token, or a client certificate, proves. Denials:
 * those of the path, of the provider, and of the body.
 */
export function readProvedTask({ identities }: ProveDeps) {
  return async function readProvedTask(exchange: Checked): Promise<AgentRequested & Unreplayed> {
    const route = taskRoute(exchange)
    const workload = await workloadOf(exchange, identities)
    const bytes = await smallBody(exchange, MAX_BODY_BYTES)
    const request: AgentRequest =
      route.kind === 'open'
        ? {
            kind: 'open',
            wanted: { opener: provedOpener(workload), asked: parseTaskBody(bytes, undefined) },
            answerAs: undefined,
          }
        : route
    return markUnreplayed({ ...exchange, ...provedBy(workload, bytes), ...describeAgentRequest(request) })
  }
}
