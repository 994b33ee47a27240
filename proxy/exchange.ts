/**
 * One request on its way through the proxy. It only grows: each stage adds one readonly fact.
 *
 *     Received -> Identified -> Verified -> Classified -> Decided -> Paced -> Resigned -> Forwarded
 */
import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import type { AccessLevel, ActionClass, Trait } from './classes.ts'
import type { HeaderFields } from './headers.ts'

/** The wire protocols of AWS services, by the names that their models use. */
export type Protocol = 'json-1.0' | 'json-1.1' | 'rest-json' | 'rest-xml' | 's3' | 'query' | 'ec2' | 'cbor'

/** The head of a request as it stood on the wire. Nothing in it is decoded or normalised. */
export interface RequestHead {
  readonly method: string
  /** The request target up to the first `?`. */
  readonly path: string
  /** What follows the first `?`; empty if there is none. */
  readonly query: string
  readonly headers: HeaderFields
}

/** The body of a request, not yet read. The first read answers `Expect: 100-continue`. */
export interface IncomingBody {
  /** False when the head says that no body follows. */
  readonly present: boolean
  /** `Content-Length`; undefined for chunked transfer coding. */
  readonly lengthBytes: number | undefined
  /** The whole body, read once and kept; `owner` (the agent, once known) pays for the memory. Denial `body_too_large` beyond `limits.bufferedBodyBytes`. */
  bytes(owner?: string): Promise<Buffer>
  /** The body as it arrives; only where `bytes` was not called. */
  stream(): Readable
}

export interface Client {
  readonly address: string
  /** Aborted when the client's connection is gone. */
  readonly gone: AbortSignal
}

export interface Received extends RequestHead {
  readonly requestId: string
  /** Arrival, in milliseconds since the epoch: clock skew is judged against this, whatever waits follow. */
  readonly receivedAtMs: number
  readonly body: IncomingBody
  readonly client: Client
  readonly reply: ServerResponse
}

/** SigV4's credential scope: `date/region/service/aws4_request`. */
export interface CredentialScope {
  readonly date: string
  readonly region: string
  readonly service: string
}

export interface Authorization {
  readonly accessKeyId: string
  readonly scope: CredentialScope
  /** Lower case, sorted, as signed. */
  readonly signedHeaders: readonly string[]
  readonly signature: string
}

export interface Grant {
  /** `reads-secret` is the trait that no class covers: it must be granted by name (rule S13). */
  readonly classes: readonly (ActionClass | 'reads-secret')[]
  readonly resources: readonly string[]
}

/** A statically known agent. Its secret stays in the agent store. */
export interface Agent {
  readonly id: string
  readonly accessKeyId: string
  readonly grants: readonly Grant[]
}

export interface Identified extends Received {
  readonly authorization: Authorization
  readonly agent: Agent
}

/** What the signature says about the body. */
export type Payload =
  /** `x-amz-content-sha256` holds the body's SHA-256 (hex), signed; whoever reads the body compares it. */
  | { readonly kind: 'declared'; readonly sha256: string }
  /** No hash header: the body was read and its hash was part of the verified signature. */
  | { readonly kind: 'hashed'; readonly sha256: string }
  | { readonly kind: 'unsigned' }
  /** `STREAMING-UNSIGNED-PAYLOAD-TRAILER`: aws-chunked framing with a trailing checksum. */
  | {
      readonly kind: 'unsigned-trailer'
      readonly decodedLengthBytes: number
      readonly trailers: readonly string[]
    }

export interface Verified extends Identified {
  readonly payload: Payload
}

/** What a request does, in IAM's terms. */
export interface Call {
  /** IAM prefix (`s3`, `states`); `unknown` if not in the catalogue. */
  readonly service: string
  /** The model's own name of the service (botocore's: `s3control`, `stepfunctions`); picks the endpoint. */
  readonly model: string
  /** The model's operation name (`DeleteTable`); null if not identified. */
  readonly operation: string | null
  readonly protocol: Protocol
  readonly actions: readonly string[]
  /** ARNs; `*` where only the service knows. */
  readonly resources: readonly string[]
  /** How many things it touches; never below 1. */
  readonly count: number
  readonly class: ActionClass
  readonly classes: readonly ActionClass[]
  readonly traits: readonly Trait[]
  readonly accessLevel: AccessLevel
  /** The operation's host prefix with its labels filled (`api.`, `123456789012.`); empty if none. */
  readonly hostPrefix: string
  /** S3: bucket name in the request, for regional and virtual-host endpoints. */
  readonly bucket: string | undefined
}

/** What is sent on: nothing, bytes already read and checked, or the stream as it arrives. */
export type OutgoingBody =
  | { readonly kind: 'empty' }
  | { readonly kind: 'buffered'; readonly bytes: Buffer }
  | { readonly kind: 'streamed' }

export interface Classified extends Verified {
  readonly call: Call
  readonly outgoing: OutgoingBody
}

export interface Decision {
  readonly engine: string
  readonly revision: string
  /** Names of the rules that made the verdict, `package.rule`. */
  readonly rules: readonly string[]
  /** Observe mode: the reason for which enforce mode would have refused. */
  readonly wouldDeny: string | undefined
}

export interface Decided extends Classified {
  readonly decision: Decision
}

export interface Paced extends Decided {
  /** Undefined if no class of the call is paced. */
  readonly waitedMs: number | undefined
  /** Observe mode: the pace reason for which enforce mode would have held or refused. */
  readonly wouldThrottle: string | undefined
}

/** A request ready for the wire: where to, and with which head. */
export interface SignedRequest {
  /** `https://host[:port]`, built only from the catalogue or from `upstream.endpoint`. */
  readonly origin: string
  readonly target: string
  /** name, value, name, value, ... including `host` and the new `authorization`. */
  readonly headers: readonly string[]
}

export interface Resigned extends Paced {
  readonly signed: SignedRequest
}

export interface UpstreamAnswer {
  readonly status: number
  readonly requestId: string | undefined
  readonly errorCode: string | undefined
  readonly durationMs: number
}

export interface Forwarded extends Resigned {
  readonly upstream: UpstreamAnswer
}
