/** The signature over a canonical request: made for what we send, compared for what we receive. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { CredentialScope } from '../exchange.ts'
import { ALGORITHM } from './authorization.ts'

/** Hex signature; `amzDate` as in `x-amz-date`, `requestHash` the canonical request's SHA-256 in hex. */
export function signature(key: Buffer, amzDate: string, scope: CredentialScope, requestHash: string): string {
  return mac(key, amzDate, scope, requestHash).digest('hex')
}

/** Whether `claimed` (64 hex digits) is that signature, in constant time. */
export function signatureMatches(
  claimed: string,
  key: Buffer,
  amzDate: string,
  scope: CredentialScope,
  requestHash: string,
): boolean {
  const expected = mac(key, amzDate, scope, requestHash).digest()
  const given = Buffer.from(claimed, 'hex')
  return given.length === expected.length && timingSafeEqual(given, expected)
}

function mac(key: Buffer, amzDate: string, { date, region, service }: CredentialScope, requestHash: string) {
  const stringToSign = `${ALGORITHM}\n${amzDate}\n${date}/${region}/${service}/aws4_request\n${requestHash}`
  return createHmac('sha256', key).update(stringToSign)
}
