/** Bodies as an agent signs them, and as the upstream wants them. */
import { hmacChunkChain } from '../../proxy/sigv4/chunk-chain.ts'
import { signedChunks } from '../../proxy/sigv4/signed-chunks.ts'
import {
  AMZ_DATE,
  CRC32,
  crc32Of,
  hmacSigner,
  keyOf,
  pass,
  SCOPE,
  signedBody,
  type BodyParts,
  type Passed,
} from './chunk-bodies.ts'

export const AGENT = 'agent-secret'
export const UPSTREAM = 'upstream-secret'
export const SEED = 'a'.repeat(64)
export const UPSTREAM_SEED = 'b'.repeat(64)
export const MAX_CHUNK_BYTES = 1024 * 1024

export function hmacStream(
  decodedLengthBytes: number,
  trailers: readonly string[],
  maxChunkBytes = MAX_CHUNK_BYTES,
) {
  return signedChunks({
    verify: hmacChunkChain(keyOf(AGENT), AMZ_DATE, SCOPE, SEED),
    sign: hmacChunkChain(keyOf(UPSTREAM), AMZ_DATE, SCOPE, UPSTREAM_SEED),
    decodedLengthBytes,
    trailers,
    maxChunkBytes,
  })
}

export type Body = Omit<BodyParts, 'signer' | 'seed'>

/** As the agent signs it. */
export function sent(body: Body): Buffer {
  return signedBody({ ...body, signer: hmacSigner(AGENT), seed: SEED })
}

/** As the upstream wants it. */
export function wanted(body: Body): Buffer {
  return signedBody({ ...body, signer: hmacSigner(UPSTREAM), seed: UPSTREAM_SEED })
}

export function withTrailer(chunks: readonly (string | Buffer)[]): Body {
  return { chunks, trailers: [[CRC32, crc32Of(Buffer.concat(chunks.map((each) => Buffer.from(each))))]] }
}

export function lengthOf({ chunks }: Body): number {
  return chunks.reduce((sum, chunk) => sum + chunk.length, 0)
}

export function trailersOf({ trailers = [] }: Body): string[] {
  return trailers.map(([name]) => name)
}

export function passBody(body: Body, parts: readonly Buffer[]): Promise<Passed> {
  return pass(hmacStream(lengthOf(body), trailersOf(body)), parts)
}
