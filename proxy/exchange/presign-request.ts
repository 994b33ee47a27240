/** Declares the requests that the signing endpoint signs and somebody else sends. */
import type { RequestHead } from '../core/http/request-head.ts'
import type { Classified } from './exchange.ts'
import type { SignPathChecked } from './facts.ts'

/** A request that Moderato builds and signs for an agent, for somebody else to send. */
export interface PresignRequest {
  /** The type that the agent named, such as `eks-token` or `s3-url`. */
  readonly type: string
  /** The head of `GET https://host/path?query`; all its headers are signed, `host` among them. */
  readonly request: RequestHead
  readonly origin: string
  /** The body's hash in the canonical request, or the constant that stands for it. */
  readonly payloadHash: string
  readonly signingName: string
  readonly region: string
  /** The longest time for which the signature is valid, in seconds. */
  readonly expiresSeconds: number
  /** The one IAM statement that its signer must be allowed. */
  readonly statement: { readonly actions: readonly string[]; readonly resources: readonly string[] }
  /** True if upstream credentials are narrowed to the statement, so that the signer is allowed nothing else. */
  readonly narrowed: boolean
}

/** The facts that the signing endpoint adds to a request; there are none on any other route. */
export interface PresignFacts {
  readonly presign?: PresignRequest
}

/** A request to the signing endpoint, classified as the call that it wants signed. */
export interface PresignDescribed extends Classified, SignPathChecked {
  readonly presign: PresignRequest
}
