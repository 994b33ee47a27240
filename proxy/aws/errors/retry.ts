/** Says which errors of a service ask for a retry, as the AWS SDKs read them. */

/**
 * `throttled`: the service says that it has not taken the call up. `failed`: it asks for a retry all the same, but may have
 * done some or all of the call.
 */
export type RetryAsked = 'throttled' | 'failed'

/** Describes an error answer of a service. */
export interface ServiceError {
  readonly status: number
  /** Every code that a client may find in it; several where a header and the body name one each. */
  readonly codes: readonly string[]
  /** The model's name of the service (botocore's). */
  readonly model: string
}

/** Lists the codes that botocore, the SDK for JavaScript and the SDK for Go take for throttling, whatever the status. */
const THROTTLED: ReadonlySet<string> = new Set([
  'BandwidthLimitExceeded',
  'EC2ThrottledException',
  'LimitExceededException',
  'PriorRequestNotComplete',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
  'ThrottledException',
  'ThrottledRequestException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestException',
  'TooManyRequestsException',
])

/**
 * Lists the other codes after which an SDK retries. Those about clocks (`RequestTimeTooSkewed` and its like) are not among
 * them: an SDK that believes one signs with another date, so no claim stands in its way.
 */
const FAILED: ReadonlySet<string> = new Set([
  'InternalErrorException',
  'InternalServerException',
  'ReplicatedWriteConflictException',
  'RequestTimeout',
  'RequestTimeoutException',
  'TimeoutError',
  'TransactionInProgressException',
])

/** Lists the codes that only one service's model or retry policy names. */
const FAILED_OF: Readonly<Record<string, readonly string[]>> = {
  accessanalyzer: ['UnprocessableEntityException'],
  'bedrock-agentcore': ['RetryableConflictException'],
  codeguruprofiler: ['ServiceQuotaExceededException'],
  'ds-data': ['DirectoryUnavailableException'],
  elementalinference: ['ConflictException'],
  iottwinmaker: ['QueryTimeoutException'],
  mediaconnect: ['ConflictException'],
  migrationhuborchestrator: ['AccessDeniedException', 'ConflictException', 'ValidationException'],
  neptunedata: [
    'BulkLoadIdNotFoundException',
    'ClientTimeoutException',
    'ConstraintViolationException',
    'S3Exception',
  ],
  omics: ['RangeNotSatisfiableException'],
  'partnercentral-benefits': ['ServiceQuotaExceededException'],
  'partnercentral-channel': ['ServiceQuotaExceededException'],
  'redshift-serverless': ['InsufficientCapacityException'],
  s3: ['BadDigest'],
  'security-ir': ['InvalidTokenException'],
  sts: ['IDPCommunicationError'],
}

/** Returns how the answer asks for a retry; undefined if SDKs take it for final. */
export function retryAskedBy({ status, codes, model }: ServiceError): RetryAsked | undefined {
  if (status === 429 || codes.some((code) => THROTTLED.has(code))) return 'throttled'
  if (status >= 500 || codes.some((code) => FAILED.has(code))) return 'failed'
  return codes.some((code) => FAILED_OF[model]?.includes(code)) ? 'failed' : undefined
}
