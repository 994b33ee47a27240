/** Finds the agent that a request claims to come from. Nothing is proved yet. */
import { Denial } from '../core/denial/denial.ts'
import type { Checked, Identified } from '../exchange/exchange.ts'
import type { Authorization } from '../sigv4/types.ts'
import type { RequestHead } from '../core/http/request-head.ts'
import type { AgentStore } from '../core/ports.ts'
import { misdirectedHead } from '../core/http/misdirected.ts'
import { parseAuthorization } from '../sigv4/authorization.ts'
import { queryForm } from '../sigv4/query-authorization.ts'
import { withPlainSpaces } from '../core/http/plus-signs.ts'
import { readingOf } from '../sigv4/reading.ts'
import { splitHeaders } from '../sigv4/split-headers.ts'

/** Declares what `identify` needs. */
export interface IdentifyOptions {
  readonly agents: AgentStore
}

/**
 * Finds the owner of the access key, and brings the head to its one reading: unsigned fields are dropped, and a `+`
 * in the query is written as the space that it means. Denials: those of `parseAuthorization` and of the agent store.
 */
export function identify({ agents }: IdentifyOptions) {
  return function identify<Exchange extends Checked>(exchange: Exchange): Exchange & Identified {
    const query = withPlainSpaces(exchange.query)
    checkPlace(exchange)
    const authorization = parseAuthorization(exchange.headers, query)
    const { headers, deciding } = splitHeaders(exchange.headers, authorization)
    const { method, path } = exchange
    const reading = readingOf({ method, path, query, headers }, authorization, deciding)
    const sessionToken = sessionTokenOf(authorization, reading)
    const { agent } = agents.find(authorization.accessKeyId, sessionToken)
    const hadPlus = query !== exchange.query
    return { ...exchange, query, headers, authorization, agent, sessionToken, reading, hadPlus }
  }
}

/** Tells operators, probes and browsers in words that they are at the wrong port. Agents sign what they send. */
function checkPlace(exchange: Checked): void {
  const elsewhere = misdirectedHead(exchange)
  if (elsewhere === undefined || queryForm(exchange.query) !== undefined) return
  const reason = exchange.headers.has('authorization') ? 'unsupported_signature' : 'missing_credential'
  throw new Denial(reason, elsewhere.detail, { next: elsewhere.next })
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
