/** Holds the rows of the denial table about identities, sessions and their expiry. */
import type { DenialRow } from './row.ts'

export const IDENTITY_DENIALS = {
  identity_malformed: {
    code: 'AccessDenied',
    status: 403,
    retryable: false,
    decision: 'deny',
    next: 'Send the JWT of the identity provider unchanged. It must be signed with an algorithm that Moderato allows.',
  },
  identity_unknown_issuer: {
    code: 'AccessDenied',
    status: 403,
    retryable: false,
    decision: 'deny',
    next: 'Use a token from an issuer or trust domain that identity.providers lists.',
  },
  identity_signature: {
    code: 'AccessDenied',
    status: 403,
    retryable: false,
    decision: 'deny',
    next: 'Fetch a fresh token; its issuer may have changed its keys.',
  },
  identity_audience: {
    code: 'AccessDenied',
    status: 403,
    retryable: false,
    decision: 'deny',
    next: 'Ask the identity provider for a token whose audience is Moderato.',
  },
  identity_expired: {
    code: 'AccessDenied',
    status: 403,
    retryable: false,
    decision: 'deny',
    next: 'Fetch a fresh token.',
  },
  identity_replayed: {
    code: 'AccessDenied',
    status: 403,
    retryable: false,
    decision: 'deny',
    next: 'Fetch a fresh token for each task.',
  },
  identity_unmapped: {
    code: 'AccessDenied',
    status: 403,
    retryable: false,
    decision: 'deny',
    next: 'Ask an operator to add a rule to identity.providers that maps this identity to an agent.',
  },
  identity_unavailable: {
    code: 'ServiceUnavailable',
    status: 503,
    retryable: true,
    decision: 'error',
    next: 'Retry; the keys of the identity provider are not available now.',
  },
  credentials_withheld: {
    code: 'AccessDenied',
    status: 403,
    retryable: false,
    decision: 'deny',
    next: 'Get credentials from Moderato: use AssumeRoleWithWebIdentity, AssumeRole, or POST /.moderato/v1/tasks.',
  },
  expired_session: {
    code: 'ExpiredToken',
    status: 403,
    retryable: false,
    decision: 'deny',
    next: 'Open a new task for what is left to do.',
  },
  revoked: {
    code: 'ExpiredToken',
    status: 403,
    retryable: false,
    decision: 'deny',
    next: 'Stop. This task has ended; open a new one only if its owner asks for it.',
  },
} as const satisfies Record<string, DenialRow>
