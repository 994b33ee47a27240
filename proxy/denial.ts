/**
 * Every way in which Moderato refuses, in one closed table.
 *
 * The key is the reason: the metric label, the audit field and the row in README. `code` is the AWS error code that
 * makes SDKs raise their own typed exception; `retryable` is chosen on purpose, since SDKs retry throttling and 5xx
 * by themselves and never retry a 403. `enforcedInObserve`: refused in `policy.mode: observe` too.
 */
export const DENIALS = {
  malformed_request: {
    code: 'ValidationException',
    status: 400,
    retryable: false,
    decision: 'deny',
    next: 'Send one well-formed HTTP/1.1 request as an AWS SDK does.',
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
    next: 'Set the clock of the machine that signs.',
  },
  unsigned_header: {
    code: 'SignatureDoesNotMatch',
    status: 403,
    retryable: false,
    decision: 'deny',
    next: 'Sign host and every x-amz-* header.',
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
    next: 'Send less in one call, or have limits.bufferedBodyBytes raised.',
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
    next: 'Retry later; this agent has too much under way.',
  },
  unclassified: {
    code: 'AccessDenied',
    status: 403,
    retryable: false,
    decision: 'deny',
    next: 'Use an operation that the catalogue knows.',
  },
  policy_denied: {
    code: 'AccessDenied',
    status: 403,
    retryable: false,
    decision: 'deny',
    next: 'Ask an operator for a grant that covers every class and resource of this call.',
  },
  policy_error: {
    code: 'ServiceUnavailable',
    status: 503,
    retryable: true,
    decision: 'error',
    next: 'Tell an operator: the policy could not be evaluated.',
  },
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
    next: 'Split the call into smaller ones, or have the burst of this class raised.',
  },
  queue_full: {
    code: 'ThrottlingException',
    status: 400,
    retryable: true,
    decision: 'throttle',
    next: 'Too many calls of this agent already wait; send fewer at once.',
  },
  client_gone: {
    code: 'RequestTimeout',
    status: 400,
    retryable: false,
    decision: 'abort',
    next: 'The client left before its turn; nothing was forwarded.',
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
    next: 'Tell an operator: no upstream credentials could be had.',
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
    next: 'The service did not answer in time; it may have acted. Look before you retry.',
  },
  internal: {
    code: 'InternalFailure',
    status: 500,
    retryable: true,
    decision: 'error',
    next: 'Tell an operator; the request was not forwarded.',
  },
} as const satisfies Record<string, DenialRow>

interface DenialRow {
  readonly code: string
  readonly status: number
  readonly retryable: boolean
  readonly decision: 'deny' | 'throttle' | 'abort' | 'error'
  readonly next: string
}

export type DenialReason = keyof typeof DENIALS

interface DenialPolicy {
  readonly engine: string
  readonly revision: string
  readonly rules: readonly string[]
}

/**
 * A refusal. Thrown by stages, caught in one place (record.ts), spelled for the wire in aws/error-response.ts.
 *
 * `detail` completes the table's next step with what is particular to this request; it never holds a secret, a
 * signature or an expected signature. `retryAfterMs` becomes `Retry-After`.
 */
export class Denial extends Error {
  override readonly name = 'Denial'
  readonly reason: DenialReason
  readonly retryAfterMs: number | undefined

  /** Who refused, where policy was asked; audit keeps it as it keeps the decision of a call that went on. */
  readonly policy: DenialPolicy | undefined

  constructor(
    reason: DenialReason,
    detail: string,
    options: { retryAfterMs?: number; cause?: unknown; policy?: DenialPolicy } = {},
  ) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause })
    this.reason = reason
    this.retryAfterMs = options.retryAfterMs
    this.policy = options.policy
  }

  get row(): DenialRow {
    return DENIALS[this.reason]
  }
}
