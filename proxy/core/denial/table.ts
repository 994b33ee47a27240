/**
 * Lists every reason for which Moderato refuses a request, in one closed table.
 *
 * The key is the reason: the metric label, the audit field and the row in docs/refusals.md. `code` is the AWS error
 * code that makes SDKs raise their own typed exception. `retryable` is chosen on purpose, since SDKs retry throttling
 * and 5xx by themselves and never retry a 403.
 */
import { APPROVAL_DENIALS } from './approval.ts'
import { BREAKGLASS_DENIALS } from './breakglass.ts'
import { IDENTITY_DENIALS } from './identity.ts'
import type { DenialRow } from './row.ts'
import { PACE_DENIALS } from './pace.ts'
import { WATCH_DENIALS } from './watch.ts'

export const DENIALS = {
  ...IDENTITY_DENIALS,
  ...APPROVAL_DENIALS,
  ...WATCH_DENIALS,
  malformed_request: {
    code: 'ValidationException',
    status: 400,
    retryable: false,
    decision: 'deny',
    next: 'Send one well-formed HTTP/1.1 request as an AWS SDK does.',
  },
  unknown_path: {
    code: 'ResourceNotFoundException',
    status: 404,
    retryable: false,
    decision: 'deny',
    next: 'Paths under /.moderato/ belong to Moderato. It serves tasks, sign and credentials under /.moderato/v1/.',
  },
  missing_credential: {
    code: 'MissingAuthenticationToken',
    status: 403,
    retryable: false,
    decision: 'deny',
    next: 'Sign the request with the access key that Moderato gave this agent.',
  },
  malformed_authorization: {
    code: 'IncompleteSignature',
    status: 400,
    retryable: false,
    decision: 'deny',
    next: 'Use an AWS SDK to sign with AWS4-HMAC-SHA256 in the Authorization header.',
  },
  unsupported_signature: {
    code: 'AccessDenied',
    status: 403,
    retryable: false,
    decision: 'deny',
    next: 'Sign with SigV4 in the Authorization header; other forms are refused here.',
  },
  unknown_credential: {
    code: 'InvalidClientTokenId',
    status: 403,
    retryable: false,
    decision: 'deny',
    next: 'Use the access key configured for this agent.',
  },
  clock_skew: {
    code: 'RequestTimeTooSkewed',
    status: 403,
    retryable: false,
    decision: 'deny',
    next: 'Correct the clock of the machine that signs.',
  },
  expired_signature: {
    code: 'AccessDenied',
    status: 403,
    retryable: false,
    decision: 'deny',
    next: 'Make a new presigned URL.',
  },
  replayed: {
    code: 'ServiceUnavailable',
    status: 503,
    retryable: true,
    decision: 'deny',
    next: 'Nothing was forwarded this time. To repeat the call, sign it again; SDKs do so when they retry.',
  },
  unsigned_header: {
    code: 'SignatureDoesNotMatch',
    status: 403,
    retryable: false,
    decision: 'deny',
    next: 'Sign host, every x-amz-* header, and every header that changes what the call does.',
  },
  bad_signature: {
    code: 'SignatureDoesNotMatch',
    status: 403,
    retryable: false,
    decision: 'deny',
    next: 'Check the secret key, and that nothing changes the request between signing and Moderato.',
  },
  payload_mismatch: {
    code: 'XAmzContentSHA256Mismatch',
    status: 400,
    retryable: false,
    decision: 'deny',
    next: 'Send the body that was signed.',
  },
  body_too_large: {
    code: 'RequestEntityTooLarge',
    status: 413,
    retryable: false,
    decision: 'deny',
    next: 'Send less in one call or chunk, or ask an operator to raise limits.bufferedBodyBytes or limits.chunkBytes.',
  },
  body_too_slow: {
    code: 'SerializationException',
    status: 400,
    retryable: false,
    decision: 'deny',
    next: 'Send the body without pauses.',
  },
  overloaded: {
    code: 'ServiceUnavailable',
    status: 503,
    retryable: true,
    decision: 'throttle',
    next: 'Retry later; this agent has too much in progress.',
  },
  unclassified: {
    code: 'AccessDenied',
    status: 403,
    retryable: false,
    decision: 'deny',
    next: "Use an AWS operation that is in Moderato's catalogue.",
  },
  unmodelled: {
    code: 'AccessDenied',
    status: 403,
    retryable: false,
    decision: 'deny',
    next: 'Leave the parameter out, or ask an operator to name it in policy.allowUnmodelled.',
  },
  policy_denied: {
    code: 'AccessDenied',
    status: 403,
    retryable: false,
    decision: 'deny',
    next: 'Ask an operator for a grant that covers every class and resource of this call.',
  },
  frozen: {
    code: 'AccessDenied',
    status: 403,
    retryable: false,
    decision: 'deny',
    next: 'Stop and tell whoever gave you the task; the call may be made again when the freeze is lifted.',
  },
  ...BREAKGLASS_DENIALS,
  reconfigured: {
    code: 'ServiceUnavailable',
    status: 503,
    retryable: true,
    decision: 'throttle',
    next: 'Nothing was forwarded, because the configuration changed. Retry: the call is checked against the new one.',
  },
  policy_error: {
    code: 'ServiceUnavailable',
    status: 503,
    retryable: true,
    decision: 'error',
    next: 'Tell an operator: the policy could not be evaluated.',
  },
  unapprovable: {
    code: 'AccessDenied',
    status: 403,
    retryable: false,
    decision: 'deny',
    next: 'Send the whole body with its SHA-256 signed, not in chunks and not unsigned: people approve only what they can see.',
  },
  state_unavailable: {
    code: 'ServiceUnavailable',
    status: 503,
    retryable: true,
    decision: 'error',
    next: 'Tell an operator: the state store cannot be reached or trusted.',
  },
  ...PACE_DENIALS,
  client_gone: {
    code: 'RequestTimeout',
    status: 400,
    retryable: false,
    decision: 'abort',
    next: 'The client closed the connection before its turn; nothing was forwarded.',
  },
  draining: {
    code: 'ServiceUnavailable',
    status: 503,
    retryable: true,
    decision: 'throttle',
    next: 'Moderato is stopping; retry.',
  },
  audit_unavailable: {
    code: 'ServiceUnavailable',
    status: 503,
    retryable: true,
    decision: 'error',
    next: 'Tell an operator: the audit log cannot be written, so nothing is forwarded.',
  },
  endpoint_refused: {
    code: 'AccessDenied',
    status: 403,
    retryable: false,
    decision: 'deny',
    next: 'Use a region and a resource name that Moderato may reach.',
  },
  upstream_credentials: {
    code: 'ServiceUnavailable',
    status: 503,
    retryable: true,
    decision: 'error',
    next: 'Tell an operator: Moderato could not get upstream credentials.',
  },
  upstream_unreachable: {
    code: 'ServiceUnavailable',
    status: 503,
    retryable: true,
    decision: 'error',
    next: 'The service did not answer; retry.',
  },
  upstream_timeout: {
    code: 'ServiceUnavailable',
    status: 503,
    retryable: true,
    decision: 'error',
    next: 'The service did not answer in time, but it may have done the call. Check before you retry.',
  },
  internal: {
    code: 'InternalFailure',
    status: 500,
    retryable: true,
    decision: 'error',
    next: 'Tell an operator; the request was not forwarded.',
  },
} as const satisfies Record<string, DenialRow>

export type DenialReason = keyof typeof DENIALS
