/** What the signing endpoint makes: a request that somebody else will send. */
import type { RequestHead } from '../core/http/request-head.ts'
import type { Classified } from './exchange.ts'
import type { SignPathChecked } from './facts.ts'

/** A request of our own making that an agent asks to have signed, for somebody else to send. */
export interface PresignRequest {
  /** As the agent named it: `eks-token`, `s3-url`. */
  readonly type: string
  /** `GET https://host/path?query`: all its headers are signed, `host` among them. */
  readonly request: RequestHead
  readonly origin: string
  /** What stands for the body in its signature. */
  readonly payloadHash: string
  readonly signingName: string
  readonly region: string
  /** How long it is good for at most. */
  readonly expiresSeconds: number
  /** The one thing that its signer must be allowed, in IAM's terms. */
  readonly statement: { readonly actions: readonly string[]; readonly resources: readonly string[] }
  /** Whether its signer is allowed nothing else: upstream credentials narrowed to the statement. */
  readonly narrowed: boolean
}

/** What the signing endpoint makes of a request; nothing on any other route. */
export interface PresignFacts {
  readonly presign?: PresignRequest
}

/** A request to the signing endpoint, classified as the call that it wants signed. */
export interface PresignDescribed extends Classified, SignPathChecked {
  readonly presign: PresignRequest
}
