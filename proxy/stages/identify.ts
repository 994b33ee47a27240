/** Finds the agent that a request claims to come from. Nothing is proved yet. */
import { Denial } from '../core/denial/denial.ts'
import type { Checked, Identified } from '../exchange/exchange.ts'
import type { Authorization } from '../sigv4/types.ts'
import type { RequestHead } from '../core/http/request-head.ts'
import type { AgentStore } from '../core/ports.ts'
import { parseAuthorization } from '../sigv4/authorization.ts'
import { readingOf } from '../sigv4/reading.ts'

/** Declares what `identify` needs. */
export interface IdentifyOptions {
  readonly agents: AgentStore
}

/** Finds the owner of the access key. Denials: those of `parseAuthorization` and of the agent store. */
export function identify({ agents }: IdentifyOptions) {
  return function identify<Exchange extends Checked>(exchange: Exchange): Exchange & Identified {
    const authorization = parseAuthorization(exchange.headers, exchange.query)
    const reading = readingOf(exchange, authorization)
    const sessionToken = sessionTokenOf(authorization, reading)
    const { agent } = agents.find(authorization.accessKeyId, sessionToken)
    return { ...exchange, authorization, agent, sessionToken, reading }
  }
}

/** Returns the one session token of a request, from its header or its query. No S3 Express sessions are issued here. */
function sessionTokenOf({ presigned }: Authorization, { headers }: RequestHead): string | undefined {
  if (headers.has('x-amz-s3session-token')) {
    throw new Denial(
      'unknown_credential',
      'Moderato issues no S3 Express sessions; sign without x-amz-s3session-token.',
    )
  }
  const given = headers.all('x-amz-security-token')
  const all = presigned?.securityToken === undefined ? given : [...given, presigned.securityToken]
  if (all.length > 1) throw new Denial('malformed_request', 'The request has more than one session token.')
  return all[0]
}
