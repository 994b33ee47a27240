/** What goes on the wire to a service, and what came back. */
import type { BodySignatures } from '../sigv4/body-signatures.ts'
import type { ChunkChain } from '../sigv4/chunk-chain.ts'

/** A request ready for the wire: where to, and with which head. */
export interface SignedRequest {
  /** `https://host[:port]`, built only from the catalogue or from `upstream.endpoint`. */
  readonly origin: string
  readonly target: string
  /** name, value, name, value, ... including `host` and the new `authorization`. */
  readonly headers: readonly string[]
  /** Signs the body's chunks or events anew; undefined where it has no signatures. */
  readonly bodySigner: BodySignatures<ChunkChain> | undefined
}

/** What a service answered, as far as it is recorded. */
export interface UpstreamAnswer {
  readonly status: number
  readonly requestId: string | undefined
  readonly errorCode: string | undefined
  readonly durationMs: number
}

/** Where a call goes, and under which name it is signed there. */
export interface Endpoint {
  /** `https://host[:port]`. */
  readonly origin: string
  /** The `Host` header, with the port if it is not the scheme's own. */
  readonly host: string
  readonly signingName: string
  /** For SigV4a, the region set. */
  readonly signingRegion: string
  /** As it goes on the wire. */
  readonly path: string
}
