import { isS3Family } from '../core/s3-family.ts'

/** Sets how far the time of a signature may be from the time of arrival. */
export interface ClockSkew {
  readonly maxSkewMs: number
  /** The limit for the S3 family, which allows more. */
  readonly maxSkewS3Ms: number
}

/** Returns the largest clock skew, in milliseconds, of a request to this service. */
export function maxSkewMsOf(service: string, { maxSkewMs, maxSkewS3Ms }: ClockSkew): number {
  return isS3Family(service) ? maxSkewS3Ms : maxSkewMs
}
