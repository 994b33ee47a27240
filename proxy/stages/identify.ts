/** Finds the agent that a request claims to come from. Nothing is proved yet. */
import { Denial } from '../denial.ts'
import type { Identified, Received } from '../exchange.ts'
import type { AgentStore } from '../ports.ts'
import { parseAuthorization } from '../sigv4/authorization.ts'
import { readingOf } from '../sigv4/reading.ts'

export interface IdentifyOptions {
  readonly agents: AgentStore
}

/** Statically known agents have no session: a session token, of AWS or of S3 Express, can only be a foreign one. */
const SESSION_TOKENS = ['x-amz-security-token', 'x-amz-s3session-token']

/** Received -> Identified; refuses as `parseAuthorization` does, and with `unknown_credential`. */
export function identify({ agents }: IdentifyOptions) {
  return function identify(exchange: Received): Identified {
    const authorization = parseAuthorization(exchange.headers, exchange.query)
    const owner = agents.find(authorization.accessKeyId)
    if (owner === undefined) throw new Denial('unknown_credential', 'No agent has this access key id.')
    const reading = readingOf(exchange, authorization)
    const inQuery = authorization.presigned?.securityToken !== undefined
    if (inQuery || SESSION_TOKENS.some((name) => reading.headers.has(name))) {
      throw new Denial('unknown_credential', 'The session token was not issued here; sign without one.')
    }
    return { ...exchange, authorization, agent: owner.agent, reading }
  }
}
