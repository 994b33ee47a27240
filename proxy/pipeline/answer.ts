/** Builds what Moderato itself says in an answer: the `x-moderato-*` fields, and refusals in the service's protocol. */
import { errorResponse, type ErrorResponse, type Refusal } from '../aws/errors/error-response.ts'
import type { Denial } from '../core/denial/denial.ts'
import type { RefusedBy } from '../core/denial/refused-by.ts'
import type { Furthest } from '../exchange/outcome.ts'
import type { Protocol } from '../core/call.ts'

/** Configures how refusals are answered. */
export interface AnswerOptions {
  readonly mode: () => 'enforce' | 'observe'
  /** Returns the protocol of the refusal, where the call is not classified yet. */
  readonly protocolOf: (exchange: Furthest) => Protocol
  /** Formats a refusal; by default as the service that was called would. */
  readonly spell?: (refusal: Refusal) => ErrorResponse
}

/**
 * Returns the `x-moderato-*` fields of an answer as a flat name, value list; `mode` is among them where verdicts are not
 * enforced (rule S7).
 */
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

/** Returns the reason for which the call would have been refused or held if all were enforced, with the pace rules. */
function wouldOf({ decision, wouldThrottle, wouldRules = [] }: Furthest): string | undefined {
  if (decision?.wouldDeny !== undefined) return decision.wouldDeny
  return wouldRules.length === 0 ? wouldThrottle : `${wouldThrottle}; rules=${wouldRules.join(',')}`
}

/** Most rules that a message names: how many decide is not the agent's to choose, but it chooses the call. */
const MAX_NAMED = 5
/** Says which rules refused. Messages about pace, freeze windows and quarantines name theirs in their own words. */
const RULE_WORDS: Partial<Readonly<Record<RefusedBy['kind'], string>>> = {
  approval: 'Approval rule',
  policy: 'Policy rule',
  freeze: 'Freeze',
}

/** Returns the denial's words for the agent, with the rules that refused, and those that changed the call's classes. */
function messageOf({ message, by }: Denial, overrides: readonly string[] | undefined): string {
  const words = by && RULE_WORDS[by.kind]
  const refused = words === undefined ? '' : ` ${words}: ${namesText(by?.rules)}.`
  const isByClass = by?.kind === 'pace' || by?.kind === 'approval' || by?.kind === 'policy'
  const changed =
    isByClass && overrides !== undefined ? ` Its classes come from ${namesText(overrides)}.` : ''
  return `${message}${refused}${changed}`
}

function namesText(names: readonly string[] = []): string {
  return names.slice(0, MAX_NAMED).join(', ')
}

/** Returns what answers a refusal. If the upstream's answer has begun, the connection is cut instead. */
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
      message: messageOf(denial, exchange.call?.overrides),
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
    // The end of the answer closes the connection, so it waits until the client has sent its body.
    if (text === undefined) reply.flushHeaders()
    else reply.write(text)
    exchange.body.discard(() => reply.end())
  }
}
