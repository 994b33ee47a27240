/**
 * Declares the shapes that one request takes in the proxy. An exchange only grows: each stage adds one readonly fact, a
 * value or a fact of the type alone (facts.ts). A call takes these shapes, in the order of `server/compose.ts`:
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

/** Describes the other end of an agent's connection. */
export interface Client {
  readonly address: string
  /** Aborted when the client's connection is closed. */
  readonly gone: ClientSignal
  /** Says whose the connection is, once a call on it is verified. */
  readonly verifiedAs?: ((agent: string) => void) | undefined
  /** Returns the client's TLS certificate, whose key it has, and the chain that it sent; nobody has verified them. */
  readonly certificates?: (() => readonly X509Certificate[]) | undefined
}

/** A request as it arrived; nothing of it was checked yet. */
export interface Received extends RequestHead {
  readonly requestId: string
  /** The HTTP version of the connection: `1.1` or `2`. */
  readonly httpVersion: string
  /** The time of arrival, in milliseconds since the epoch. Clock skew is judged by it, however long the request waits. */
  readonly receivedAtMs: number
  readonly body: IncomingBody
  readonly client: Client
  readonly reply: Reply
}

/** A request whose head is well formed. */
export interface Checked extends Received, HeadChecked {}

/**
 * A request that claims to come from an agent; nothing is proved yet. From here on its head has no field that is dropped
 * because nobody signed it, and no `+` in its query.
 */
export interface Identified extends Checked {
  readonly authorization: Authorization
  readonly agent: Agent
  /** Undefined for a static access key. A secret: never recorded. */
  readonly sessionToken: string | undefined
  /**
   * The head as the service reads it: headers that a presigned URL moved into the query are headers again, and fields
   * that go on unsigned but decide nothing are left out.
   */
  readonly reading: RequestHead
  /** True if the query had one: it is `%20` now. */
  readonly hadPlus: boolean
}

/** A request whose signature proves that it comes from its agent. */
export interface Verified extends Identified {
  readonly payload: Payload
  /** The time of signing as it was signed, `YYYYMMDDTHHMMSSZ`. */
  readonly signedAt: string
  /** Checks the signatures of the body's chunks or events, one after another; undefined where it has none. */
  readonly bodySignatures: BodySignatures<ChunkVerifier> | undefined
}

/** The body that is sent upstream: none, bytes that were read and checked, or the stream as it arrives. */
export type OutgoingBody =
  | { readonly kind: 'empty' }
  /** `isDocument`: the bytes are members that the API model names, not content of the caller's own. */
  | { readonly kind: 'buffered'; readonly bytes: Buffer; readonly isDocument?: boolean }
  | { readonly kind: 'streamed' }

/** A request whose agent has no more calls in flight than it may have. */
export interface Admitted extends Verified, ConcurrencyLimited {}

/** A verified request of which it is known what it does. */
export interface Classified extends Admitted {
  readonly call: Call
  /** The account in which the call is made; undefined if that is not known. */
  readonly accountId: string | undefined
  /** The operators' rules under which it was classified; compared by identity, they show a later reload. */
  readonly classedUnder: object | undefined
  /** The path as the service reads it: a bucket that the host names is its first segment. */
  readonly servicePath: string
  readonly outgoing: OutgoingBody
}

/** Names the break-glass that is open for the agent; undefined where there is none. */
export interface BreakglassFacts extends BreakglassApplied {
  readonly breakglass?: UnderBreakglass | undefined
}

/** A call that policy may be asked about. */
export interface Authorizable extends Classified, Unreplayed, Unheld, BreakglassFacts {}

/** States what policy decided about one call, and by which rules. */
export interface Decision {
  readonly engine: string
  readonly revision: string
  /** The names of the rules that made the verdict, `package.rule`. */
  readonly rules: readonly string[]
  /** Observe mode: the reason for which enforce mode would have refused. */
  readonly wouldDeny: string | undefined
  /** The number of people who must approve the call; 0 in observe mode, unless it issues credentials. */
  readonly approvals: 0 | 1 | 2
  /** The names of the approval rules that ask for them, or would; undefined where the policy does not say. */
  readonly askedBy?: readonly string[] | undefined
  /** The reasons for those approvals, in the rules' words. */
  readonly why: readonly string[]
}

/** A call that policy lets go on. */
export interface Decided extends Authorizable {
  readonly decision: Decision
}

/** Names an approval that people gave. */
export interface GivenApproval {
  readonly id: string
  /** The digest of the call as they approved it; see approvals/digest.ts. */
  readonly digest: string
  /** True if they let the call skip its pace. */
  readonly skipPace: boolean
}

/** A call that has the approval that it needs, if it needs one. */
export interface Approved extends Decided {
  /** Undefined if nobody needs to approve the call. Its use is consumed only just before the call leaves. */
  readonly approval: GivenApproval | undefined
}

/** A call that pace lets go on. */
export interface Paced extends Approved {
  /** Undefined if no class of the call is paced. */
  readonly waitedMs: number | undefined
  /** The reason for which rules that only observe would have held or refused the call. */
  readonly wouldThrottle: string | undefined
  /** The names of those rules. */
  readonly wouldRules?: readonly string[]
  /** Those of them that would have refused it. */
  readonly wouldRefuse?: readonly string[]
  /** How long the others would have held it; undefined if it would have been refused. */
  readonly wouldWaitMs?: number
  /** The names of the pace rules that held it; undefined if none did. */
  readonly paceRules?: readonly string[]
}

/** A call that has the upstream credentials with which it will be signed. */
export interface Equipped extends Paced {
  readonly signer: Signer
}

/** A call that is signed with upstream credentials. */
export interface Resigned extends Equipped, ApprovalConsumed {
  readonly signed: SignedRequest
}

/** A call that the service has answered. */
export interface Forwarded extends Resigned, ProofClaimed, EffectMade {
  readonly upstream: UpstreamAnswer
}

/** Describes the break-glass that was open for the agent when the call was judged, whether it covers the call or not. */
export interface UnderBreakglass {
  readonly id: string
  readonly classes: readonly ActionClass[]
  /** Patterns, as in grants. */
  readonly resources: readonly string[]
  /** The agent's own pace meanwhile; undefined where the break-glass does not change it for this call. */
  readonly pace: PaceSetting | undefined
}
