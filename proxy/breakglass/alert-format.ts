/** Tells people elsewhere of a break-glass, and of each call while it is open. */
import { momentText } from '../core/moment.ts'
import { quoteUntrusted } from '../core/quote-untrusted.ts'
import type { Outcome } from '../exchange/outcome.ts'
import type { Alert } from '../watch/alerts.ts'
import type { UnderBreakglass } from '../exchange/exchange.ts'
import type { breakglassFields } from './record.ts'

export function boxAlert(fields: ReturnType<typeof breakglassFields>, nowMs: number): Alert {
  const { breakglass = '', agent = '', opened } = fields
  const { state, openedBy, confirmedBy, closedBy, reason, ticket, until } = opened
  const who = closedBy ?? confirmedBy ?? openedBy
  return {
    about: breakglass,
    json: { kind: 'breakglass', time: momentText(nowMs), breakglass, agent, ...opened },
    text: [
      `Moderato: break-glass ${breakglass} for agent ${quoteUntrusted(agent)} is ${state}, by ${who}`,
      `${quoteUntrusted(reason, { prose: true })}, ticket ${quoteUntrusted(ticket)}; until ${until}`,
    ].join('\n'),
  }
}

/**
 * Returns the alert of a call. `call` is what the audit names it by; nothing of its resources, which the agent chooses.
 */
export function callAlert(
  { id }: UnderBreakglass,
  call: {
    readonly requestId: string
    readonly agent: string | undefined
    readonly service: string
    readonly operation: string | null
    readonly class: string
    readonly decision: Outcome['decision']
    readonly reason: Outcome['reason']
  },
  nowMs: number,
): Alert {
  const { agent = '', service, operation, decision, requestId } = call
  const what = `${service}:${operation ?? '?'} (${call.class})`
  return {
    about: requestId,
    json: { kind: 'breakglass-call', time: momentText(nowMs), breakglass: id, ...call },
    text: `Moderato: ${what} by agent ${quoteUntrusted(agent)} under break-glass ${id}: ${decision}, request ${requestId}`,
  }
}
