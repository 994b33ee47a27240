/** The signature over a canonical request: made for what we send, compared for what we receive. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { CredentialScope } from '../exchange.ts'
import { ALGORITHM } from './credential.ts'

/** Hex signature; `amzDate` as in `x-amz-date`, `requestHash` the canonical request's SHA-256 in hex. */
export function signature(key: Buffer, amzDate: string, scope: CredentialScope, requestHash: string): string {
  const { date, region, service } = scope
  const stringToSign = `${ALGORITHM}\n${amzDate}\n${date}/${region}/${service}/aws4_request\n${requestHash}`
  return createHmac('sha256', key).update(stringToSign).digest('hex')
}

/** Whether `claimed` (64 lower-case hex digits) is that signature, in constant time. */
export function signatureMatches(
  claimed: string,
  key: Buffer,
  amzDate: string,
  scope: CredentialScope,
  requestHash: string,
): boolean {
  const expected = Buffer.from(signature(key, amzDate, scope, requestHash), 'latin1')
  const given = Buffer.from(claimed, 'latin1')
  return given.length === expected.length && timingSafeEqual(given, expected)
}
