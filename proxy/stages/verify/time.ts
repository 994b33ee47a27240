/** Compares the time of signing with the time of arrival. */
import { Denial } from '../../core/denial/denial.ts'
import type { Identified } from '../../exchange/exchange.ts'
import type { Presigned } from '../../sigv4/types.ts'
import { formatAmzDate, parseAmzDate, parseHttpDate } from '../../sigv4/signing-date.ts'
import { maxSkewMsOf, type ClockSkew } from '../../sigv4/clock-skew.ts'

/**
 * Returns the time of signing as in the string to sign, `YYYYMMDDTHHMMSSZ`. Refuses a time that is malformed, of another
 * day than the scope, or too far off, and a presigned URL that has expired.
 */
export function checkTime(exchange: Identified, clockSkew: ClockSkew): string {
  const { receivedAtMs, authorization } = exchange
  const { scope, presigned } = authorization
  const { signedAt, signedAtMs } = timeOfSigning(exchange)
  if (scope.date !== signedAt.slice(0, 8)) {
    throw new Denial('malformed_authorization', 'The date in Credential is not the date in x-amz-date.')
  }
  const skewMs = receivedAtMs - signedAtMs
  const maxSkewMs = maxSkewMsOf(scope.service, clockSkew)
  if (presigned !== undefined && skewMs >= 0) checkExpiry(presigned, skewMs)
  else if (Math.abs(skewMs) > maxSkewMs) {
    const direction = skewMs > 0 ? 'ago' : 'ahead'
    const seconds = Math.round(Math.abs(skewMs) / 1000)
    throw new Denial(
      'clock_skew',
      `Signed ${seconds} s ${direction}; at most ${maxSkewMs / 1000} s are allowed.`,
    )
  }
  return signedAt
}

function checkExpiry({ expiresSeconds }: Presigned, ageMs: number): void {
  if (ageMs <= expiresSeconds * 1000) return
  const over = Math.ceil(ageMs / 1000 - expiresSeconds)
  throw new Denial(
    'expired_signature',
    `The presigned URL was valid for ${expiresSeconds} s and expired ${over} s ago.`,
  )
}

function timeOfSigning({ headers, authorization }: Identified): { signedAt: string; signedAtMs: number } {
  const { presigned, signedHeaders } = authorization
  const amzDate = presigned === undefined ? headers.one('x-amz-date') : presigned.amzDate
  if (amzDate !== undefined) {
    const signedAtMs = parseAmzDate(amzDate)
    if (signedAtMs !== undefined) return { signedAt: amzDate, signedAtMs }
  } else if (signedHeaders.includes('date')) {
    const signedAtMs = parseHttpDate(headers.one('date') ?? '')
    if (signedAtMs !== undefined) return { signedAt: formatAmzDate(signedAtMs), signedAtMs }
  }
  throw new Denial('malformed_authorization', 'The request needs a signed x-amz-date, YYYYMMDDTHHMMSSZ.')
}
