/** Parses what signatures in the header and in the query string have in common. */
import { Denial } from '../core/denial/denial.ts'
import type { CredentialScope, SigningAlgorithm } from './types.ts'

export const ALGORITHM = 'AWS4-HMAC-SHA256'
export const ECDSA_ALGORITHM = 'AWS4-ECDSA-P256-SHA256'

/** Matches `*`, a region, a region with `*` at its end, or several of these. */
const REGION_SET = /^(?:\*|[a-z0-9-]{1,63}\*?)(?:,(?:\*|[a-z0-9-]{1,63}\*?)){0,31}$/

/** Returns the credential scope as it is written in a credential and in the string to sign; SigV4a's has no region. */
export function scopeText(algorithm: SigningAlgorithm, { date, region, service }: CredentialScope): string {
  return algorithm === ALGORITHM
    ? `${date}/${region}/${service}/aws4_request`
    : `${date}/${service}/aws4_request`
}

/** Returns SigV4a's region set as its header or query parameter has it; throws Denial `malformed_authorization`. */
export function parseRegionSet(text: string | undefined): string {
  if (text !== undefined && REGION_SET.test(text)) return text
  throw malformedAuthorization(
    'SigV4a needs X-Amz-Region-Set: a region, several regions separated by commas, or *.',
  )
}

/** Splits header names at `;`. Throws Denial `malformed_authorization` unless they are sorted and each stands once. */
export function parseSignedHeaders(text: string): readonly string[] {
  const names = text.split(';')
  let previous = ''
  for (const name of names) {
    if (name <= previous) throw malformedAuthorization('SignedHeaders must be sorted, each name once.')
    previous = name
  }
  return names
}

export function malformedAuthorization(detail: string): Denial {
  return new Denial('malformed_authorization', detail)
}
