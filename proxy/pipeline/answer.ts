/** Moderato's own words on an answer: the `x-moderato-*` fields, and a refusal in the service's dialect. */
import { errorResponse, type ErrorResponse, type Refusal } from '../aws/errors/error-response.ts'
import type { Denial } from '../core/denial/denial.ts'
import type { Furthest } from '../exchange/outcome.ts'
import type { Protocol } from '../core/call.ts'

export interface AnswerOptions {
  readonly mode: () => 'enforce' | 'observe'
  /** The dialect to refuse in, where the call is not classified yet. */
  readonly protocolOf: (exchange: Furthest) => Protocol
  /** Spells a refusal; as the service that was called would, if not given. */
  readonly spell?: (refusal: Refusal) => ErrorResponse
}

/** Flat name, value list for every answer; `mode` is named where verdicts are not enforced (rule S7). */
export function moderatoHeaders(exchange: Furthest, decision: string, mode: 'enforce' | 'observe'): string[] {
  const fields = ['x-moderato-request-id', exchange.requestId, 'x-moderato-decision', decision]
  if (exchange.waitedMs !== undefined)
    fields.push('x-moderato-waited-ms', String(Math.round(exchange.waitedMs)))
  if (exchange.breakglass !== undefined) fields.push('x-moderato-breakglass', exchange.breakglass.id)
  if (mode === 'observe') fields.push('x-moderato-mode', mode)
  const would = wouldOf(exchange)
  if (would !== undefined) fields.push('x-moderato-would', would)
  return fields
}

/** The reason for which what only observes would have refused or held, and the pace rules that would have. */
function wouldOf({ decision, wouldThrottle, wouldRules = [] }: Furthest): string | undefined {
  if (decision?.wouldDeny !== undefined) return decision.wouldDeny
  return wouldRules.length === 0 ? wouldThrottle : `${wouldThrottle}; rules=${wouldRules.join(',')}`
}

/** Answers a refusal; where the upstream's answer has begun, the connection is cut instead. */
export function answerDenial({ mode, protocolOf, spell = errorResponse }: AnswerOptions) {
  return function answer(exchange: Furthest, denial: Denial): void {
    const { reply } = exchange
    const { row } = denial
    if (row.decision === 'abort' || reply.headersSent) {
      reply.destroy()
      return
    }
    const { status, headers, body } = spell({
      protocol: exchange.call?.protocol ?? protocolOf(exchange),
      service: exchange.authorization?.scope.service ?? '',
      reason: denial.reason,
      message: denial.message,
      ...(denial.next === undefined ? {} : { next: denial.next }),
      requestId: exchange.requestId,
      method: exchange.method,
      queryMode: exchange.headers.has('x-amzn-query-mode'),
      ...(denial.retryAfterMs === undefined ? {} : { retryAfterMs: denial.retryAfterMs }),
    })
    const unread = exchange.body.isPending
    reply.writeHead(status, undefined, [
      ...headers,
      ...(unread ? ['connection', 'close'] : []),
      ...moderatoHeaders(exchange, row.decision === 'error' ? 'deny' : row.decision, mode()),
    ])
    const text = exchange.method === 'HEAD' ? undefined : body
    if (!unread) {
      reply.end(text)
      return
    }
    // The end of the answer ends the connection, so it waits for what the client still sends.
    if (text === undefined) reply.flushHeaders()
    else reply.write(text)
    exchange.body.discard(() => reply.end())
  }
}
