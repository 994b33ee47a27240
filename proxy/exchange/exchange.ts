/**
 * One request on its way through the proxy. It only grows: each stage adds one readonly fact, a value or a fact of its
 * type alone (facts.ts). The shapes of a call, in the order in which `server/compose.ts` makes them:
 *
 *     Received -> Checked -> Identified -> Verified -> Admitted -> Classified -> Authorizable -> Decided -> Approved
 *       -> Paced -> Equipped -> Resigned -> Forwarded
 */
import type { X509Certificate } from 'node:crypto'
import type { Agent } from '../core/agent.ts'
import type { ClientSignal } from '../core/http/client-signal.ts'
import type { IncomingBody, Reply } from '../core/http/message.ts'
import type { Signer } from '../core/ports.ts'
import type { ChunkVerifier } from '../sigv4/chunk-chain.ts'
import type {
  ApprovalConsumed,
  BreakglassApplied,
  ConcurrencyLimited,
  EffectMade,
  HeadChecked,
  ProofClaimed,
  Unheld,
  Unreplayed,
} from './facts.ts'
import type { SignedRequest, UpstreamAnswer } from './upstream.ts'
import type { RequestHead } from '../core/http/request-head.ts'
import type { Call } from '../core/call.ts'
import type { Authorization, Payload } from '../sigv4/types.ts'
import type { BodySignatures } from '../sigv4/body-signatures.ts'
import type { ActionClass } from '../core/action-class.ts'
import type { PaceSetting } from '../pacing/paces.ts'

export interface Client {
  readonly address: string
  /** Aborted when the client's connection is gone. */
  readonly gone: ClientSignal
  /** Says whose the connection is, once a call on it is verified. */
  readonly verifiedAs?: ((agent: string) => void) | undefined
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

/** A request whose head is well formed. */
export interface Checked extends Received, HeadChecked {}

/** The agent that a request claims to come from; nothing is proved yet. */
export interface Identified extends Checked {
  readonly authorization: Authorization
  readonly agent: Agent
  /** Undefined for a static access key. A secret: never recorded. */
  readonly sessionToken: string | undefined
  /** The head as the service reads it: of a presigned URL, headers that were moved into the query are headers again. */
  readonly reading: RequestHead
}

export interface Verified extends Identified {
  readonly payload: Payload
  /** The time of signing as it was signed, `YYYYMMDDTHHMMSSZ`. */
  readonly signedAt: string
  /** Checks the signatures of the body's chunks or events, one after another; undefined where it has none. */
  readonly bodySignatures: BodySignatures<ChunkVerifier> | undefined
}

/** What is sent on: nothing, bytes already read and checked, or the stream as it arrives. */
export type OutgoingBody =
  | { readonly kind: 'empty' }
  /** `isDocument`: its bytes are members that the model names, and not content of the caller's own. */
  | { readonly kind: 'buffered'; readonly bytes: Buffer; readonly isDocument?: boolean }
  | { readonly kind: 'streamed' }

/** A request of an agent that has not too many calls in flight. */
export interface Admitted extends Verified, ConcurrencyLimited {}

/** What a verified request does. */
export interface Classified extends Admitted {
  readonly call: Call
  /** The account in which the call is made; undefined if that is not known. */
  readonly accountId: string | undefined
  /** What operators said of calls when this one was classed; by its identity a later reload shows. */
  readonly classedUnder: object | undefined
  /** The path as the service reads it: a bucket that stood in the host is its first segment. */
  readonly servicePath: string
  readonly outgoing: OutgoingBody
}

/** The break-glass that is open for the agent; it is undefined where there is none. */
export interface BreakglassFacts extends BreakglassApplied {
  readonly breakglass?: UnderBreakglass | undefined
}

/** A call that policy may be asked about. */
export interface Authorizable extends Classified, Unreplayed, Unheld, BreakglassFacts {}

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

export interface Decided extends Authorizable {
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

export interface Resigned extends Equipped, ApprovalConsumed {
  readonly signed: SignedRequest
}

export interface Forwarded extends Resigned, ProofClaimed, EffectMade {
  readonly upstream: UpstreamAnswer
}

/** The break-glass that was open for the agent when the call was judged, whether it covers the call or not. */
export interface UnderBreakglass {
  readonly id: string
  readonly classes: readonly ActionClass[]
  /** Patterns, as in grants. */
  readonly resources: readonly string[]
  /** The agent's own pace meanwhile; undefined where that stays as it is for this call. */
  readonly pace: PaceSetting | undefined
}
