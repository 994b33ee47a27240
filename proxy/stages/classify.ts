/** The classify stage: what the request does, and which bytes go on. */
import { hash } from 'node:crypto'
import { callOf, identifyWith, isCompressible } from '../aws/read-call.ts'
import type { Identified as IdentifiedCall } from '../aws/read-call.ts'
import type { Catalogue } from '../aws/catalogue/catalogue.ts'
import { unknownCall } from '../aws/classify-call.ts'
import { Denial } from '../denial.ts'
import type { Classified, OutgoingBody, Verified } from '../exchange.ts'
import { isS3Family } from '../s3-family.ts'

export interface ClassifyDeps {
  readonly catalogue: Catalogue
  /** The account that upstream credentials belong to; `*` stands in ARNs while it is unknown. */
  readonly accountId: string | undefined
  readonly partitionOf?: (region: string) => string
}

const EMPTY = Buffer.alloc(0)
const NO_BODY: OutgoingBody = { kind: 'empty' }

function partitionByRegion(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn'
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'
}

/** The whole body, compared with the hash that the signature covers. */
async function checkedBytes({ agent, body, payload }: Verified): Promise<Buffer> {
  const bytes = body.present ? await body.bytes(agent.id) : EMPTY
  if (payload.kind === 'declared' && hash('sha256', bytes, 'hex') !== payload.sha256) {
    throw new Denial(
      'payload_mismatch',
      'The body does not have the hash that x-amz-content-sha256 declares.',
    )
  }
  return bytes
}

/** Refuses a payload form that this operation may not have (SigV4: unsigned payloads are an S3 form). */
function checkPayload({ payload, authorization, headers }: Verified, { operation }: IdentifiedCall): void {
  const streams = operation.body === 'stream'
  if (payload.kind === 'unsigned' && !isS3Family(authorization.scope.service) && !operation.unsignedBody) {
    throw new Denial('unsupported_signature', 'Only S3 takes a body that is not signed; sign its hash.')
  }
  if (payload.kind === 'unsigned-trailer' && !(streams && operation.service.model === 's3')) {
    throw new Denial(
      'unsupported_signature',
      'Only uploads to S3 may come in chunks with a trailer; sign the hash of the body.',
    )
  }
  if (streams) return
  const encodings = headers.all('content-encoding').join(',').split(',')
  const encoded = encodings.some((each) => !['', 'identity'].includes(each.trim().toLowerCase()))
  if (encoded && operation.body !== 'opaque' && !isCompressible(operation)) {
    throw new Denial(
      'malformed_request',
      'This body must not be compressed: what it asks for has to be readable.',
    )
  }
}

export function classify({ catalogue, accountId, partitionOf = partitionByRegion }: ClassifyDeps) {
  return async function classify(exchange: Verified): Promise<Classified> {
    const { region, service } = exchange.authorization.scope
    // Read and hashed once, whether the parameter list was needed to identify the call or not.
    let read: Promise<Buffer> | undefined
    const body = (): Promise<Buffer> => (read ??= checkedBytes(exchange))
    const found = await identifyWith(catalogue, exchange, service, body)
    if (found.kind === 'unknown') return { ...exchange, call: unknownCall(found.protocol), outgoing: NO_BODY }
    checkPayload(exchange, found)
    const place = { partition: partitionOf(region), region, accountId }
    // A body that verification hashed was read for that: it goes on from memory.
    if (found.operation.body === 'stream' && exchange.payload.kind !== 'hashed') {
      const outgoing: OutgoingBody = exchange.body.present ? { kind: 'streamed' } : NO_BODY
      return { ...exchange, call: callOf(found, exchange, EMPTY, place), outgoing }
    }
    const bytes = await body()
    const call = callOf(found, exchange, bytes, place)
    return { ...exchange, call, outgoing: bytes.length === 0 ? NO_BODY : { kind: 'buffered', bytes } }
  }
}
