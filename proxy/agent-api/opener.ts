/** Finds who opens a task: an agent that signed, or a workload that an identity provider vouches for. */
import { hash } from 'node:crypto'
import type { Agent } from '../core/agent.ts'
import { Denial } from '../core/denial/denial.ts'
import type { Received } from '../exchange/exchange.ts'
import type { Opener } from '../exchange/task-opening.ts'
import type { Identities, Workload } from '../identity/providers/identities.ts'
import type { Payload } from '../sigv4/types.ts'

/** The largest body of a request to the tasks endpoint, and of one without a signature. */
export const MAX_BODY_BYTES = 64 * 1024

/** Declares what proves a request without a signature. */
export interface ProveDeps {
  readonly identities: Identities
}

/** Returns the opener that signed: a static key, or a session, which opens tasks within its own task. */
export function signedOpener({ id, root, session }: Agent): Opener {
  return { agentId: id, root, by: session === undefined ? 'static-key' : 'session', parent: session }
}

/** Returns the opener that a provider vouches for. */
export function provedOpener({ agentId, root, provider, subject }: Workload): Opener {
  return { agentId, root, by: provider, subject, parent: undefined }
}

/** Returns the facts of a request that a provider's token or certificate proves instead of a signature. */
export function provedBy({ agentId, root, token }: Workload, bytes: Buffer) {
  const agent: Agent = { id: agentId, root, accessKeyId: '', session: undefined }
  return { agent, payload: wholePayload(bytes), ...(token === undefined ? {} : { proof: token }) }
}

/** Returns the payload of an unsigned body that was read whole and came with its proof. */
export function wholePayload(bytes: Buffer): Payload {
  return { kind: 'hashed', sha256: hash('sha256', bytes, 'hex') }
}

/** Returns the workload of a bearer token or a client certificate. Denials: `missing_credential`, and the provider's. */
export async function workloadOf({ headers, client }: Received, identities: Identities): Promise<Workload> {
  const authorization = headers.one('authorization')
  if (authorization === undefined) return await identities.ofCertificate(client.certificates?.() ?? [])
  const token = /^Bearer ([\w.~+/=-]+)$/i.exec(authorization)?.[1]
  if (token !== undefined) return await identities.ofToken(token)
  throw new Denial(
    'missing_credential',
    'Send Authorization: Bearer with a token of an identity provider, or sign.',
  )
}
