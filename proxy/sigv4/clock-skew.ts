import { isS3Family } from '../core/s3-family.ts'

/** How far the time of a signature may be from the time of arrival. */
export interface ClockSkew {
  readonly maxSkewMs: number
  /** For the S3 family, which is more patient. */
  readonly maxSkewS3Ms: number
}

/** Returns how far off the date of a request to this service may be, in milliseconds. */
export function maxSkewMsOf(service: string, { maxSkewMs, maxSkewS3Ms }: ClockSkew): number {
  return isS3Family(service) ? maxSkewS3Ms : maxSkewMs
}
