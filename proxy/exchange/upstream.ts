/** Declares the request that goes to a service, and its answer. */
import type { BodySignatures } from '../sigv4/body-signatures.ts'
import type { ChunkChain } from '../sigv4/chunk-chain.ts'

/** A request that is ready for the wire: its destination and its head. */
export interface SignedRequest {
  /** `https://host[:port]`, built only from the catalogue or from `upstream.endpoint`. */
  readonly origin: string
  readonly target: string
  /** A flat list of name, value, name, value, ... with `host` and the new `authorization`. */
  readonly headers: readonly string[]
  /** Signs the body's chunks or events again; undefined where the body has no signatures. */
  readonly bodySigner: BodySignatures<ChunkChain> | undefined
}

/** The parts of a service's answer that are recorded. */
export interface UpstreamAnswer {
  readonly status: number
  readonly requestId: string | undefined
  readonly errorCode: string | undefined
  readonly durationMs: number
}

/** The address to which a call goes, and the names with which it is signed for it. */
export interface Endpoint {
  /** `https://host[:port]`. */
  readonly origin: string
  /** The `Host` header, with the port if it is not the scheme's own. */
  readonly host: string
  readonly signingName: string
  /** The region of the scope; for SigV4a, the region set. */
  readonly signingRegion: string
  /** The path as it goes on the wire. */
  readonly path: string
}
