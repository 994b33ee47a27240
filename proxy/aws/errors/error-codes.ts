/** Chooses the error code and HTTP status with which each family of SDKs raises its own exception and backs off. */
import { DENIALS, type DenialReason } from '../../core/denial/table.ts'
import type { Protocol } from '../../core/call.ts'

/** A Family groups services that use the same names for the common errors. */
type Family = 'json' | 'query' | 's3' | 'ec2'

/** A Kind says what a refusal is about; each family has one code for it. */
type Kind =
  | 'denied'
  | 'invalid'
  | 'no-credential'
  | 'incomplete'
  | 'unknown-key'
  | 'expired'
  | 'signature'
  | 'skew'
  | 'payload'
  | 'too-large'
  | 'too-slow'
  | 'throttled'
  | 'unavailable'
  | 'internal'

const KINDS = {
  malformed_request: 'invalid',
  unknown_path: 'denied',
  missing_credential: 'no-credential',
  malformed_authorization: 'incomplete',
  unsupported_signature: 'denied',
  quarantined: 'denied',
  unknown_credential: 'unknown-key',
  identity_malformed: 'denied',
  identity_unknown_issuer: 'denied',
  identity_signature: 'denied',
  identity_audience: 'denied',
  identity_expired: 'denied',
  identity_replayed: 'denied',
  identity_unmapped: 'denied',
  identity_unavailable: 'unavailable',
  credentials_withheld: 'denied',
  expired_session: 'expired',
  revoked: 'expired',
  clock_skew: 'skew',
  expired_signature: 'denied',
  replayed: 'unavailable',
  unsigned_header: 'signature',
  bad_signature: 'signature',
  payload_mismatch: 'payload',
  body_too_large: 'too-large',
  body_too_slow: 'too-slow',
  overloaded: 'unavailable',
  unclassified: 'denied',
  unmodelled: 'denied',
  policy_denied: 'denied',
  frozen: 'denied',
  breakglass_closed: 'unavailable',
  reconfigured: 'unavailable',
  policy_error: 'unavailable',
  approval_required: 'denied',
  approval_denied: 'denied',
  approvals_full: 'denied',
  unapprovable: 'denied',
  state_unavailable: 'unavailable',
  paced: 'throttled',
  pace_exceeds_burst: 'denied',
  dwell: 'denied',
  queue_full: 'throttled',
  client_gone: 'too-slow',
  draining: 'unavailable',
  audit_unavailable: 'unavailable',
  endpoint_refused: 'denied',
  upstream_credentials: 'unavailable',
  upstream_unreachable: 'unavailable',
  upstream_timeout: 'unavailable',
  internal: 'internal',
} as const satisfies Record<DenialReason, Kind>

/**
 * Maps each kind to its code. A kind that is not retryable never has a code that an SDK retries on its name alone, such
 * as `RequestTimeout`. EC2 answers every failed authentication with `AuthFailure`.
 */
const CODES: Record<Family, Record<Kind, string>> = {
  json: {
    denied: 'AccessDeniedException',
    invalid: 'ValidationException',
    'no-credential': 'MissingAuthenticationTokenException',
    incomplete: 'IncompleteSignatureException',
    'unknown-key': 'UnrecognizedClientException',
    expired: 'ExpiredTokenException',
    signature: 'InvalidSignatureException',
    skew: 'InvalidSignatureException',
    payload: 'InvalidSignatureException',
    'too-large': 'RequestEntityTooLargeException',
    'too-slow': 'SerializationException',
    throttled: 'ThrottlingException',
    unavailable: 'ServiceUnavailableException',
    internal: 'InternalFailure',
  },
  query: {
    denied: 'AccessDenied',
    invalid: 'ValidationError',
    'no-credential': 'MissingAuthenticationToken',
    incomplete: 'IncompleteSignature',
    'unknown-key': 'InvalidClientTokenId',
    expired: 'ExpiredToken',
    signature: 'SignatureDoesNotMatch',
    skew: 'SignatureDoesNotMatch',
    payload: 'SignatureDoesNotMatch',
    'too-large': 'RequestEntityTooLarge',
    'too-slow': 'IncompleteBody',
    throttled: 'Throttling',
    unavailable: 'ServiceUnavailable',
    internal: 'InternalFailure',
  },
  s3: {
    denied: 'AccessDenied',
    invalid: 'InvalidRequest',
    'no-credential': 'AccessDenied',
    incomplete: 'AuthorizationHeaderMalformed',
    'unknown-key': 'InvalidAccessKeyId',
    expired: 'ExpiredToken',
    signature: 'SignatureDoesNotMatch',
    skew: 'RequestTimeTooSkewed',
    payload: 'XAmzContentSHA256Mismatch',
    'too-large': 'EntityTooLarge',
    'too-slow': 'IncompleteBody',
    throttled: 'SlowDown',
    unavailable: 'ServiceUnavailable',
    internal: 'InternalError',
  },
  ec2: {
    denied: 'UnauthorizedOperation',
    invalid: 'InvalidRequest',
    'no-credential': 'AuthFailure',
    incomplete: 'IncompleteSignature',
    'unknown-key': 'AuthFailure',
    expired: 'AuthFailure',
    signature: 'AuthFailure',
    skew: 'RequestExpired',
    payload: 'AuthFailure',
    'too-large': 'RequestEntityTooLarge',
    'too-slow': 'InvalidRequest',
    throttled: 'RequestLimitExceeded',
    unavailable: 'Unavailable',
    internal: 'InternalError',
  },
}

const TOO_MANY = { throttled: 'TooManyRequestsException' }

/**
 * Maps a signing name to codes of the service's own model that replace the family's (botocore 1.44.5), so that SDKs
 * raise its typed exception. A throttle is replaced only by a code that every measured SDK retries.
 */
const MODELLED: Readonly<Record<string, Partial<Record<Kind, string>>>> = {
  apigateway: TOO_MANY,
  appmesh: TOO_MANY,
  athena: TOO_MANY,
  'cognito-identity': TOO_MANY,
  'cognito-idp': TOO_MANY,
  comprehend: TOO_MANY,
  comprehendmedical: TOO_MANY,
  kafka: TOO_MANY,
  lakeformation: { throttled: 'ThrottledException' },
  lambda: TOO_MANY,
  mediaconnect: TOO_MANY,
  mediaconvert: TOO_MANY,
  medialive: TOO_MANY,
  mediapackage: TOO_MANY,
  mobiletargeting: TOO_MANY,
  organizations: TOO_MANY,
  'resource-groups': TOO_MANY,
  schemas: TOO_MANY,
  serverlessrepo: TOO_MANY,
  servicequotas: TOO_MANY,
  sns: { denied: 'AuthorizationError' },
  tagging: { throttled: 'ThrottledException' },
  translate: TOO_MANY,
  xray: { throttled: 'ThrottledException' },
}

/** Maps codes to AWS's real status if SDKs or users depend on it. botocore retries `TooManyRequestsException` by its 429. */
const STATUSES: Readonly<Record<string, number>> = {
  RequestLimitExceeded: 503,
  SlowDown: 503,
  TooManyRequestsException: 429,
}

function familyOf(protocol: Protocol): Family {
  if (protocol === 's3' || protocol === 'ec2') return protocol
  return protocol === 'query' || protocol === 'rest-xml' ? 'query' : 'json'
}

/** Returns the code and HTTP status of a refusal; `service` is the signing name. */
export function errorCode(
  reason: DenialReason,
  protocol: Protocol,
  service: string,
): { readonly code: string; readonly status: number } {
  const kind = KINDS[reason]
  const modelled = Object.hasOwn(MODELLED, service) ? MODELLED[service]?.[kind] : undefined
  const code = modelled ?? CODES[familyOf(protocol)][kind]
  return { code, status: STATUSES[code] ?? DENIALS[reason].status }
}

/** Returns the query protocol's code for a refusal, for `x-amzn-query-error` of a service that used that protocol before. */
export function queryCompatibleCode(reason: DenialReason): string {
  return CODES.query[KINDS[reason]]
}
