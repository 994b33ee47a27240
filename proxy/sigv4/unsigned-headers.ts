/** Lists the headers that a signature may leave out. They decide nothing, and stay unsigned when a request is re-signed. */

/**
 * Lists what the AWS SDKs never sign and what HTTP libraries add after signing. Read in botocore 1.43 (`auth.py`),
 * `@smithy/signature-v4` 5.7 (`constants.ts`) and aws4 1.13. `range` (unsigned by aws4) and `content-type` (by the PHP
 * SDK) are not here: they decide what a call reads, or how its body is read.
 */
const MAY_BE_UNSIGNED = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'amz-sdk-invocation-id',
  'amz-sdk-request',
  'amz-sdk-retry',
  'authorization',
  'baggage',
  'cache-control',
  'connection',
  'content-length',
  'date',
  'expect',
  'from',
  'keep-alive',
  'max-forwards',
  'pragma',
  'referer',
  'te',
  'traceparent',
  'tracestate',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
  'x-amzn-trace-id',
])

/** Tells whether a request may carry this header (lower case) unsigned. Never true for `host` or any `x-amz-*`. */
export function mayBeUnsigned(name: string): boolean {
  return MAY_BE_UNSIGNED.has(name) || name.startsWith('proxy-') || name.startsWith('sec-')
}

/**
 * Lists the headers that the holder of a presigned S3 URL may add, as S3 allows (S3 API, "Authenticating requests:
 * using query parameters": only `host` and `x-amz-*` must be signed). They are forwarded unsigned and decide nothing.
 */
const ADDED_TO_PRESIGNED = new Set([
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-md5',
  'content-type',
  'dnt',
  'expires',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'origin',
  'priority',
  'range',
])

/** Tells whether a presigned request to S3 may carry this header (lower case) unsigned. */
export function mayBeAddedToPresigned(name: string): boolean {
  return ADDED_TO_PRESIGNED.has(name)
}
