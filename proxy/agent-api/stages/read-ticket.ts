import type { Agent } from '../../core/agent.ts'
import { Denial } from '../../core/denial/denial.ts'
import type { Checked } from '../../exchange/exchange.ts'
import { markProofClaimed, markUnreplayed, type ProofClaimed, type Unreplayed } from '../../exchange/facts.ts'
import type { Sessions } from '../../identity/sessions.ts'
import { describeAgentRequest, type AgentRequested } from '../agent-request.ts'
import { provedBy, provedOpener, wholePayload, type ProveDeps } from '../opener.ts'
import { namedTask } from '../task-request.ts'

/** Declares what `readTicket` needs. */
export interface ReadTicketDeps extends ProveDeps {
  readonly sessions: Sessions
}

const EMPTY = Buffer.alloc(0)

/**
 * Reads a request to the container credentials endpoint. It has the ticket of a task in `Authorization`, as SDKs send it;
 * or, for `credential_process`, a client certificate, and in the query the name of the task to open or continue. A ticket
 * may be used again, and a certificate cannot be copied, so neither is claimed.
 */
export function readTicket(deps: ReadTicketDeps) {
  return async function readTicket(exchange: Checked): Promise<AgentRequested & Unreplayed & ProofClaimed> {
    if (exchange.method !== 'GET') throw new Denial('malformed_request', 'Fetch credentials with GET.')
    const ticket = exchange.headers.one('authorization')
    const proved = ticket === undefined ? await byCertificate(exchange, deps) : byTicket(ticket, deps)
    return markProofClaimed(markUnreplayed({ ...exchange, ...proved }))
  }
}

function byTicket(ticket: string, { sessions }: ReadTicketDeps) {
  const session = sessions.openTicket(ticket.replace(/^Bearer /i, ''))
  const agent: Agent = { id: session.agentId, root: session.root, accessKeyId: '', session }
  return { agent, payload: wholePayload(EMPTY), ...describeAgentRequest({ kind: 'renew', session }) }
}

async function byCertificate({ client, query }: Checked, { identities }: ReadTicketDeps) {
  const chain = client.certificates?.() ?? []
  if (chain.length === 0) {
    throw new Denial(
      'missing_credential',
      'AWS_CONTAINER_AUTHORIZATION_TOKEN must hold the containerToken of a task.',
    )
  }
  const asked = namedTask(new URLSearchParams(query).get('task') ?? '')
  const workload = await identities.ofCertificate(chain)
  const wanted = { opener: provedOpener(workload), asked }
  return {
    ...provedBy(workload, EMPTY),
    ...describeAgentRequest({ kind: 'open', wanted, answerAs: 'process' }),
  }
}
