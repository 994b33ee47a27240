/** What goes on the wire to a service, and what came back. */
import type { BodySignatures } from './exchange.ts'
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
