/** Makes the audit record of a break-glass itself. */
import { momentText } from '../core/moment.ts'
import type { AuditRecord, BreakglassRecord } from '../audit/record.ts'
import { redactText } from '../observe/redact.ts'
import { stateOf, type Breakglass } from './breakglass.ts'

export function breakglassFields(
  breakglass: Breakglass,
  nowMs: number,
): AuditRecord & { readonly opened: BreakglassRecord } {
  const { id, agent, reason, ticket, classes, resources, pace, openedBy, confirmedBy, closedBy } = breakglass
  return {
    phase: 'breakglass',
    breakglass: id,
    agent,
    opened: {
      state: stateOf(breakglass, nowMs),
      reason: redactText(reason),
      ticket: redactText(ticket),
      classes,
      resources,
      pace,
      openedBy,
      openedAt: momentText(breakglass.openedAtMs),
      confirmedBy,
      from: breakglass.fromMs === undefined ? undefined : momentText(breakglass.fromMs),
      until: momentText(breakglass.untilMs),
      closedBy,
      closedAt: breakglass.closedAtMs === undefined ? undefined : momentText(breakglass.closedAtMs),
    },
  }
}
