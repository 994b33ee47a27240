/** What the audit keeps of a break-glass itself. */
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
      openedAt: momentOf(breakglass.openedAtMs),
      confirmedBy,
      from: breakglass.fromMs === undefined ? undefined : momentOf(breakglass.fromMs),
      until: momentOf(breakglass.untilMs),
      closedBy,
      closedAt: breakglass.closedAtMs === undefined ? undefined : momentOf(breakglass.closedAtMs),
    },
  }
}

function momentOf(ms: number): string {
  return new Date(ms).toISOString()
}
