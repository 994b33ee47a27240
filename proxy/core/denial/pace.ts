/** Holds the rows of the denial table about pace. */
import type { DenialRow } from './row.ts'

export const PACE_DENIALS = {
  paced: {
    code: 'ThrottlingException',
    status: 400,
    retryable: true,
    decision: 'throttle',
    next: 'Wait for the time named here, then try again.',
  },
  pace_exceeds_burst: {
    code: 'AccessDenied',
    status: 403,
    retryable: false,
    decision: 'deny',
    next: 'Split the call into smaller ones, or ask an operator to raise the burst of this class.',
  },
  dwell: {
    code: 'AccessDenied',
    status: 403,
    retryable: false,
    decision: 'throttle',
    next: 'Check again that you want to destroy this. Then send the call after the time named here.',
  },
  queue_full: {
    code: 'ThrottlingException',
    status: 400,
    retryable: true,
    decision: 'throttle',
    next: 'Too many calls of this agent already wait; send fewer at once.',
  },
} as const satisfies Record<string, DenialRow>
