/**
 * One request on its way through the proxy. It only grows: each stage adds one readonly fact.
 *
 *     Received -> Identified -> Verified -> Classified -> Decided -> Approved -> Paced -> Equipped -> Resigned -> Forwarded
 */
import type { X509Certificate } from 'node:crypto'
import type { Agent } from './agent.ts'
import type { UnderBreakglass } from './breakglass/breakglass.ts'
import type { AccessLevel, ActionClass, Trait } from './classes.ts'
import type { Departure } from './departure.ts'
import type { IncomingBody, Reply } from './edge.ts'
import type { HandOn } from './hand-on.ts'
import type { HeaderFields } from './headers.ts'
import type { Opening, WantedTask } from './identity/opening.ts'
import type { Signer } from './ports.ts'
import type { ChunkVerifier } from './sigv4/chunk-chain.ts'
import type { EventChain } from './sigv4/event-stream.ts'
import type { SignedRequest, UpstreamAnswer } from './upstream/wire.ts'

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

export interface Client {
  readonly address: string
  /** Aborted when the client's connection is gone. */
  readonly gone: Departure
  /** The certificate that it showed over TLS, whose key it has, and what came with that; nobody has verified them. */
  readonly certificates?: (() => readonly X509Certificate[]) | undefined
}

export interface Received extends RequestHead {
  readonly requestId: string
  /** Of HTTP, as the connection speaks it: `1.1`, or `2`. */
  readonly httpVersion: string
  /** Arrival, in milliseconds since the epoch: clock skew is judged against this, whatever waits follow. */
  readonly receivedAtMs: number
  readonly body: IncomingBody
  readonly client: Client
  readonly reply: Reply
}

/** SigV4 and SigV4a, by the names that stand on the wire. */
export type SigningAlgorithm = 'AWS4-HMAC-SHA256' | 'AWS4-ECDSA-P256-SHA256'

/** SigV4's credential scope: `date/region/service/aws4_request`. */
export interface CredentialScope {
  readonly date: string
  /** SigV4a has no region in its scope: the region set, as `x-amz-region-set` has it (`*`, `us-east-1,us-west-2`). */
  readonly region: string
  readonly service: string
}

/** What only a request has that is signed in its query string. */
export interface Presigned {
  /** `YYYYMMDDTHHMMSSZ`. */
  readonly amzDate: string
  readonly expiresSeconds: number
  readonly securityToken: string | undefined
  /** The query without what authenticates it, otherwise byte for byte. */
  readonly query: string
  /** The service's own parameters: without the headers that the signer moved into the query, too. */
  readonly serviceQuery: string
  /** Those headers (`x-amz-*`; flat name in lower case, value): the service reads them as such. */
  readonly hoisted: readonly string[]
}

export interface Authorization {
  readonly algorithm: SigningAlgorithm
  readonly accessKeyId: string
  readonly scope: CredentialScope
  /** Lower case, sorted, as signed. */
  readonly signedHeaders: readonly string[]
  readonly signature: string
  /** Undefined for the `Authorization` header. */
  readonly presigned: Presigned | undefined
}

export interface Identified extends Received {
  readonly authorization: Authorization
  readonly agent: Agent
  /** Undefined for a static access key. A secret: never recorded. */
  readonly sessionToken: string | undefined
  /** The head as the service reads it: of a presigned URL, headers that were moved into the query are headers again. */
  readonly reading: RequestHead
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
  /** aws-chunked framing, every chunk signed; `trailers` is empty where the form has none. */
  | {
      readonly kind: 'signed-chunks'
      /** The text of `x-amz-content-sha256`. */
      readonly form: string
      readonly decodedLengthBytes: number
      readonly trailers: readonly string[]
    }
  /** Frames of an event stream, each signed (`STREAMING-AWS4-HMAC-SHA256-EVENTS`). */
  | { readonly kind: 'signed-events'; readonly form: string }

/** The chain of a body's own signatures, by what they cover. */
export type BodySignatures<Chunks> = { readonly chunks: Chunks } | { readonly events: EventChain }

export interface Verified extends Identified {
  readonly payload: Payload
  /** The time of signing as it was signed, `YYYYMMDDTHHMMSSZ`. */
  readonly signedAt: string
  /** Checks the signatures of the body's chunks or events, one after another; undefined where it has none. */
  readonly bodySignatures: BodySignatures<ChunkVerifier> | undefined
}

/**
 * What holds of a call, by name: true, the values given, or of its tags the values by key. What does not hold is left
 * out.
 */
export type CallFacts = Readonly<
  Record<string, boolean | readonly string[] | Readonly<Record<string, readonly string[]>>>
>

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
  /** What it says that the model lacks: `Table.Name`, `?key`, `x-amz-name`. */
  readonly unmodelled: readonly string[]
  /** Selected parameters under stable names: docs/policy.md has them all. */
  readonly facts: CallFacts
  readonly accessLevel: AccessLevel
  /** The operation's host prefix with its labels filled (`api.`, `123456789012.`); empty if none. */
  readonly hostPrefix: string
  /** S3: bucket name in the request, for regional and virtual-host endpoints. */
  readonly bucket: string | undefined
}

/** What is sent on: nothing, bytes already read and checked, or the stream as it arrives. */
export type OutgoingBody =
  | { readonly kind: 'empty' }
  /** `isDocument`: its bytes are members that the model names, and not content of the caller's own. */
  | { readonly kind: 'buffered'; readonly bytes: Buffer; readonly isDocument?: boolean }
  | { readonly kind: 'streamed' }

export interface Classified extends Verified {
  readonly call: Call
  readonly breakglass?: UnderBreakglass | undefined
  /** In which it is made; undefined if that is not known. */
  readonly accountId?: string | undefined
  /** What operators said of calls when this one was classed; by its identity a later reload shows. */
  readonly classedUnder?: object
  /** The agent API's signing endpoint only: what is made in place of forwarding. */
  readonly handOn?: HandOn
  /** Where a task is to be opened: what is asked for, and once policy let it: what it may do, and until when. */
  readonly wantedTask?: WantedTask
  readonly opening?: Opening
  /** Where a task is ended or asked about. */
  readonly namedTask?: string
  /** The path as the service reads it: a bucket that stood in the host is its first segment. */
  readonly servicePath: string
  readonly outgoing: OutgoingBody
}

export interface Decision {
  readonly engine: string
  readonly revision: string
  /** Names of the rules that made the verdict, `package.rule`. */
  readonly rules: readonly string[]
  /** Observe mode: the reason for which enforce mode would have refused. */
  readonly wouldDeny: string | undefined
  /** How many people must approve the call; 0 in observe mode, unless it issues credentials. */
  readonly approvals: 0 | 1 | 2
  /** Why they must, in the rules' words. */
  readonly why: readonly string[]
}

export interface Decided extends Classified {
  readonly decision: Decision
}

/** What people said yes to. */
export interface GivenApproval {
  readonly id: string
  /** Of the call as they approved it; see approvals/digest.ts. */
  readonly digest: string
  /** They let the call go without its pace. */
  readonly skipPace: boolean
}

export interface Approved extends Decided {
  /** Undefined if nobody needs to approve the call. Its use is spent only just before the call leaves. */
  readonly approval: GivenApproval | undefined
}

export interface Paced extends Approved {
  /** Undefined if no class of the call is paced. */
  readonly waitedMs: number | undefined
  /** The reason for which the call would have been held or refused if what only observes were enforced. */
  readonly wouldThrottle: string | undefined
  /** The rules that would have done so. */
  readonly wouldRules?: readonly string[]
}

export interface Equipped extends Paced {
  readonly signer: Signer
}

export interface Resigned extends Equipped {
  readonly signed: SignedRequest
}

export interface Forwarded extends Resigned {
  readonly upstream: UpstreamAnswer
}
