/** Finds out what a request does, and which bytes of its body go on. */
import type { Agent } from '../../core/agent.ts'
import { checkHostPrefix, type Addressed, type Addressing } from '../../aws/endpoints/addressing.ts'
import type { Catalogue } from '../../aws/catalogue/types.ts'
import { unknownCall } from '../../aws/classify/classify-call.ts'
import { partitionOf } from '../../aws/endpoints/endpoints.ts'
import type { OperatorRules } from '../../aws/classify/operator-rules.ts'
import type { PrivateServices } from '../../aws/private/services.ts'
import { callOfOperation, identifyWith, type IdentifiedOperation } from '../../aws/read-call.ts'
import type { Protocol } from '../../core/call.ts'
import { Denial } from '../../core/denial/denial.ts'
import type { Admitted, Classified, OutgoingBody, Verified } from '../../exchange/exchange.ts'
import type { RequestHead } from '../../core/http/request-head.ts'
import { isS3Family } from '../../core/s3-family.ts'
import { checkDeclaredHash } from '../../sigv4/payload-hash.ts'
import { mapMaybePromise, type MaybePromise } from '../../core/maybe-promise.ts'
import { contentEncoding, inflated } from './encoding.ts'
import { withUnsignedType } from './unsigned-type.ts'

/** Declares what `classify` needs. */
export interface ClassifyDeps {
  readonly catalogue: Catalogue
  /** The account that calls of an agent are made in; `*` stands in ARNs while it is unknown. */
  readonly accountOf: (agent: Agent) => string | undefined
  /** Reads the parts of a host name before our own. */
  readonly addressing: Addressing
  /** Services that are not in the catalogue. */
  readonly privateServices: PrivateServices
  /** Returns the rules that operators add to the catalogue. */
  readonly operatorRules: () => OperatorRules
  /** Returns the largest size of an inflated document. */
  readonly inflatedBytes: () => number
}

interface Body {
  readonly bytes: Buffer
  readonly text: Buffer
}

const EMPTY = Buffer.alloc(0)
const UNREAD: Body = { bytes: EMPTY, text: EMPTY }
const NO_BODY: OutgoingBody = { kind: 'empty' }

/** Adds the call that the request makes. An unidentified call is of class `unknown`, and nothing of its body goes on. */
export function classify(deps: ClassifyDeps) {
  const { catalogue, privateServices, accountOf, operatorRules, inflatedBytes } = deps
  return function classify(exchange: Admitted): MaybePromise<Classified> {
    const { scope } = exchange.authorization
    const { region, service } = scope
    const own = privateServices.at(exchange.reading)
    const addressed = own === undefined ? deps.addressing(exchange.reading, scope) : asSent(exchange.reading)
    const { path: servicePath } = addressed
    const head = headAt(exchange.reading, servicePath)
    const body = bodyReader(exchange, inflatedBytes())
    const text = (): MaybePromise<Buffer> => mapMaybePromise(body(), (each) => each.text)
    const rules = operatorRules()
    const identified = own?.identify(head, scope, text) ?? identifyWith(catalogue, head, service, text)
    return mapMaybePromise(identified, (found): MaybePromise<Classified> => {
      if (found.kind === 'unknown') {
        if (servicePath.startsWith('//')) throw twoSlashes()
        return unidentified(exchange, servicePath, found.protocol)
      }
      checkBody(exchange, found)
      const headers = withUnsignedType(exchange, found, own !== undefined)
      const accountId = accountOf(exchange.agent)
      const place = { partition: partitionOf(region), region, accountId }
      // Verification has already read a body that it hashed, so that body goes on from memory.
      const streams = found.operation.body === 'stream' && exchange.payload.kind !== 'hashed'
      return mapMaybePromise(streams ? UNREAD : body(), (read) => {
        const call = callOfOperation(found, head, read.text, place, rules)
        checkHostPrefix(addressed, call)
        const outgoing = streams
          ? streamed(exchange)
          : buffered(read.bytes, found.operation.body === 'document')
        return { ...exchange, headers, servicePath, call, accountId, classedUnder: rules, outgoing }
      })
    })
  }
}

/** A client joins an endpoint URL that ends in a slash with a path that begins with one. */
function twoSlashes(): Denial {
  return new Denial(
    'malformed_request',
    'The path begins with two slashes, so that the name of the bucket or the service is empty.',
    { next: 'Take the slash from the end of the endpoint URL of this client.' },
  )
}

/** Returns a request whose operation is not known: nothing of its body goes on. */
function unidentified(exchange: Admitted, servicePath: string, protocol: Protocol): Classified {
  const nothing = { accountId: undefined, classedUnder: undefined, outgoing: NO_BODY }
  return { ...exchange, servicePath, call: unknownCall(protocol), ...nothing }
}

/** Returns the path as it came: the host of a private service has no prefix. */
function asSent({ path }: RequestHead): Addressed {
  return { path, hostPrefix: '' }
}

function headAt(reading: RequestHead, path: string): RequestHead {
  if (path === reading.path) return reading
  const { method, query, headers } = reading
  return { method, path, query, headers }
}

function streamed({ body }: Verified): OutgoingBody {
  return body.present ? { kind: 'streamed' } : NO_BODY
}

function buffered(bytes: Buffer, isDocument: boolean): OutgoingBody {
  return bytes.length === 0 ? NO_BODY : { kind: 'buffered', bytes, isDocument }
}

/** Returns a reader of the body as it goes on and as the service reads it; the body is read and hashed only once. */
function bodyReader(exchange: Verified, inflatedBytes: number) {
  const { agent, body, payload } = exchange
  let read: MaybePromise<Body> | undefined
  return (): MaybePromise<Body> =>
    (read ??= mapMaybePromise(body.present ? body.bytes(agent.id) : EMPTY, (bytes) => {
      checkDeclaredHash(payload, bytes)
      return { bytes, text: inflated(exchange, bytes, inflatedBytes) }
    }))
}

/** Refuses a payload form, an encoding or a body that this operation may not have. */
function checkBody(exchange: Verified, { operation }: IdentifiedOperation): void {
  const { method, body, payload, authorization } = exchange
  const streams = operation.body === 'stream'
  if (body.present && (method === 'GET' || method === 'HEAD')) {
    throw new Denial('malformed_request', `A ${method} request must not have a body.`)
  }
  if (payload.kind === 'unsigned' && !isS3Family(authorization.scope.service) && !operation.unsignedBody) {
    throw new Denial('unsupported_signature', 'Only S3 accepts an unsigned body; sign its hash.')
  }
  if (payload.kind === 'signed-events' && !operation.eventStream) {
    throw new Denial(
      'unsupported_signature',
      'This operation accepts no event stream; sign the hash of the body.',
    )
  }
  const chunked = payload.kind === 'unsigned-trailer' || payload.kind === 'signed-chunks'
  if (chunked && !(streams && operation.service.model === 's3')) {
    throw new Denial(
      'unsupported_signature',
      'Only uploads to S3 may use aws-chunked; sign the hash of the body.',
    )
  }
  if (!streams) contentEncoding(exchange, operation)
}
