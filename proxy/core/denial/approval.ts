/** The part of the denial table that is about people who approve. */
import type { DenialRow } from './row.ts'

export const APPROVAL_DENIALS = {
  approval_required: {
    code: 'AccessDenied',
    status: 403,
    retryable: false,
    decision: 'deny',
    next: 'Make the very same call again once people have approved it.',
  },
  approval_denied: {
    code: 'AccessDenied',
    status: 403,
    retryable: false,
    decision: 'deny',
    next: 'Do not repeat the call: a person has refused it. Ask them what to do instead.',
  },
  approvals_full: {
    code: 'AccessDenied',
    status: 403,
    retryable: false,
    decision: 'deny',
    next: 'Too many calls of this agent await approval: have people decide those first, or let them expire.',
  },
} as const satisfies Record<string, DenialRow>
