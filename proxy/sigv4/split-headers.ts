/** Drops the fields that nobody signed, and sets apart those that go on but decide nothing (rule S29). */
import type { HeaderFields } from '../core/http/headers.ts'
import { isS3Family } from '../core/s3-family.ts'
import type { Authorization } from './types.ts'
import { unsignedTreatment, type UnsignedTreatment } from './unsigned-headers.ts'

/** Holds the fields of a signed request, in two readings of which the second is a part of the first. */
export interface SplitHeaders {
  /** What is verified and forwarded. */
  readonly headers: HeaderFields
  /** What may decide what the call does. */
  readonly deciding: HeaderFields
}

/** Fields that go on unsigned, or are refused later, and that no stage may read. */
const UNREAD: ReadonlySet<UnsignedTreatment> = new Set(['reading', 'object', 'coding', 'type'])

/** Splits the fields of a request. It refuses nothing: `verify` does. */
export function splitHeaders(headers: HeaderFields, authorization: Authorization): SplitHeaders {
  const isS3 = isS3Family(authorization.scope.service)
  const isSigned = signedBy(authorization)
  // Made only if there are any: most clients sign all that counts.
  let dropped: Set<string> | undefined
  let unread: Set<string> | undefined
  for (const name of headers.names()) {
    if (isSigned(name)) continue
    const treatment = unsignedTreatment(name)
    if (treatment === 'drop' || (treatment === 'object' && !isS3)) (dropped ??= new Set()).add(name)
    else if (UNREAD.has(treatment)) (unread ??= new Set()).add(name)
  }
  const kept = dropped === undefined ? headers : headers.without(dropped)
  return { headers: kept, deciding: unread === undefined ? kept : kept.without(unread) }
}

/** An SDK signs some ten fields: up to this number a list is searched faster than a set is made. */
const FEW = 32

/**
 * Returns what tells whether the signature covers a field (lower case). Over HTTP/2 some clients sign `:authority` for
 * Host.
 */
export function signedBy({ signedHeaders }: Pick<Authorization, 'signedHeaders'>): (name: string) => boolean {
  const many = signedHeaders.length > FEW ? new Set(signedHeaders) : undefined
  const asAuthority = signedHeaders[0] === ':authority'
  return (name) => {
    if (asAuthority && name === 'host') return true
    return many === undefined ? signedHeaders.includes(name) : many.has(name)
  }
}
