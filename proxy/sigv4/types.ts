/** Defines the parts of a SigV4 signature, by the names of the SigV4 guide. */

/** Names SigV4 and SigV4a as they are written on the wire. */
export type SigningAlgorithm = 'AWS4-HMAC-SHA256' | 'AWS4-ECDSA-P256-SHA256'

/** Holds SigV4's credential scope: `date/region/service/aws4_request`. */
export interface CredentialScope {
  readonly date: string
  /** For SigV4a, which has no region in its scope, the value of `x-amz-region-set` (`*`, `us-east-1,us-west-2`). */
  readonly region: string
  readonly service: string
}

/** Holds what only a request signed in its query string has. */
export interface Presigned {
  /** `YYYYMMDDTHHMMSSZ`. */
  readonly amzDate: string
  readonly expiresSeconds: number
  readonly securityToken: string | undefined
  /** The query without the parameters that authenticate it; the rest is kept byte for byte. */
  readonly query: string
  /** The service's own parameters: also without the headers that the signer moved into the query. */
  readonly serviceQuery: string
  /** Those headers (`x-amz-*`) as a flat list of lower-case names and values: the service reads them as headers. */
  readonly hoisted: readonly string[]
}

/** Holds the parsed credential and signature of a request. */
export interface Authorization {
  readonly algorithm: SigningAlgorithm
  readonly accessKeyId: string
  readonly scope: CredentialScope
  /** Names in lower case, sorted, as signed. */
  readonly signedHeaders: readonly string[]
  readonly signature: string
  /** Undefined for the `Authorization` header. */
  readonly presigned: Presigned | undefined
}

/** Describes what the signature says about the body. */
export type Payload =
  /** `x-amz-content-sha256` holds the body's SHA-256 (hex), signed; the reader of the body compares it. */
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
