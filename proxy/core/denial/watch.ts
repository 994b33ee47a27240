/** Holds the rows of the denial table about agents that a watcher or an operator stopped. */
import type { DenialRow } from './row.ts'

export const WATCH_DENIALS = {
  quarantined: {
    code: 'AccessDenied',
    status: 403,
    retryable: false,
    decision: 'deny',
    next: 'Stop, and tell whoever gave this task. An operator can lift it: moderato quarantine lift AGENT.',
  },
} as const satisfies Record<string, DenialRow>
