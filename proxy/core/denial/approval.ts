/** Holds the rows of the denial table about approvals by people. */
import type { DenialRow } from './row.ts'

export const APPROVAL_DENIALS = {
  approval_required: {
    code: 'AccessDenied',
    status: 403,
    retryable: false,
    decision: 'deny',
    next: 'Send exactly the same call again after people have approved it.',
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
    next: 'Too many calls of this agent wait for approval. Ask people to decide them, or wait until they expire.',
  },
} as const satisfies Record<string, DenialRow>
