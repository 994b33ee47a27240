/** How a call is sent back whose break-glass is over: a row of the one table in `denial-table.ts`. */
import type { DenialRow } from './row.ts'

export const BREAKGLASS_DENIALS = {
  breakglass_closed: {
    code: 'ServiceUnavailable',
    status: 503,
    retryable: true,
    decision: 'throttle',
    next: "Retry: the call is judged anew, at the agent's own pace.",
  },
} as const satisfies Record<string, DenialRow>
