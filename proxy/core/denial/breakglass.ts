/** Holds the row of the denial table for a call whose break-glass has ended. */
import type { DenialRow } from './row.ts'

export const BREAKGLASS_DENIALS = {
  breakglass_closed: {
    code: 'ServiceUnavailable',
    status: 503,
    retryable: true,
    decision: 'throttle',
    next: "Retry: break-glass has ended, so the call is checked again, at the agent's own pace.",
  },
} as const satisfies Record<string, DenialRow>
