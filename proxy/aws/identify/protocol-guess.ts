/** Guesses the protocol of a request that is not identified, to format a refusal. */
import type { Protocol } from '../../core/call.ts'
import type { RequestHead } from '../../core/http/request-head.ts'
import { isS3Family } from '../../core/s3-family.ts'
import type { Catalogue } from '../catalogue/types.ts'
import { isForm } from '../protocols/form.ts'

/** Returns the service that a signature of any form claims, in the header or the query. It is used only to format a refusal. */
function claimedService({ headers, query }: RequestHead): string | undefined {
  const authorization = headers.one('authorization') ?? ''
  // Only S3 still has version 2 of the signature.
  if (authorization.startsWith('AWS ') || /(?:^|&)Signature=/.test(query)) return 's3'
  const scope =
    /Credential=[\w-]{1,128}(?:\/|%2F)\d{8}(?:\/|%2F)[a-z0-9-]{1,63}(?:\/|%2F)([\w-]{1,63}?)(?:\/|%2F)aws4_request/i
  return (scope.exec(authorization) ?? scope.exec(query))?.[1]
}

/** Returns the protocols that the head of a request shows. Either version of JSON is meant where it declares none. */
function shownProtocols({ headers, query }: RequestHead): readonly Protocol[] {
  const contentType = headers.one('content-type') ?? ''
  if (headers.has('x-amz-target')) {
    const [, version] = /json-(1\.[01])/.exec(contentType) ?? []
    return version === undefined ? ['json-1.0', 'json-1.1'] : [`json-${version as '1.0' | '1.1'}`]
  }
  if (headers.has('smithy-protocol')) return ['cbor']
  if (isForm(contentType) || /(?:^|&)Action=/.test(query)) return ['query', 'ec2']
  return []
}

/** Tells whether a service with these protocols reads this one. A service that reads JSON reads either version. */
function reads(spoken: readonly string[], protocol: Protocol, isOnly: boolean): boolean {
  if (spoken.includes(protocol)) return true
  return isOnly && protocol.startsWith('json-') && spoken.some((each) => each.startsWith('json-'))
}

/**
 * Guesses the protocol of a request that is not identified. The service of the credential scope decides; the head chooses
 * among the protocols of that service, and decides alone where the service is unknown. A client that signs nothing and
 * sends no JSON most likely reads from S3.
 */
export function protocolGuess(head: RequestHead, known: string | undefined, catalogue?: Catalogue): Protocol {
  const service = known ?? claimedService(head)
  if (service !== undefined && isS3Family(service)) return 's3'
  const shown = shownProtocols(head)
  const spoken = catalogue?.signedBy(service ?? '').flatMap((each) => each.protocols) ?? []
  if (spoken.length > 0) {
    const both = shown.find((each) => reads(spoken, each, shown.length === 1))
    // Clients that speak CBOR say so.
    return both ?? ((spoken.find((each) => each !== 'cbor') ?? spoken[0]) as Protocol)
  }
  // Forms of the query protocols go to the root; a form to another path most likely is an upload to S3.
  const isUpload = service === undefined && head.path !== '/' && shown[0] === 'query'
  if (shown[0] !== undefined && !isUpload) return shown[0]
  if (service !== undefined) return 'rest-json'
  return head.headers.one('content-type')?.includes('json') === true ? 'rest-json' : 's3'
}
