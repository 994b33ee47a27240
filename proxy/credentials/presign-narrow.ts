/**
 * Gets upstream credentials that can do the one thing that is signed and nothing else: a role with a session policy.
 */
import type { Agent } from '../core/agent.ts'
import { MIN_SESSION_SECONDS, type AssumeRole } from './assume-role.ts'
import { statementPolicy } from './policy-text.ts'
import { sessionName } from './session-names.ts'
import { Denial } from '../core/denial/denial.ts'
import type { PresignRequest } from '../exchange/presign-request.ts'
import type { Credentials } from '../core/ports.ts'

/** Returns whose credentials sign what an agent asks for. */
export type SigningOwner = (agent: Agent, presign: PresignRequest) => Promise<Credentials>

/**
 * Returns a session of its own for each request, never kept: denial `upstream_credentials` if it cannot be had, and
 * nothing else in its place (rule S21).
 */
export function narrowed(roleArn: string, assume: AssumeRole): SigningOwner {
  return async function narrow({ id }, { region, statement }) {
    try {
      return await assume({
        roleArn,
        region,
        name: sessionName(`moderato-${id}`),
        policy: statementPolicy(statement),
        durationSeconds: MIN_SESSION_SECONDS,
      })
    } catch (cause) {
      const detail = 'The role for signing could not be assumed for this one thing.'
      throw new Denial('upstream_credentials', detail, { cause })
    }
  }
}
