/**
 * Implements the chain of signatures over a body that is sent in chunks. Each covers its chunk and the signature before
 * it; the first covers that of the request ("Signature calculations: transferring payload in multiple chunks", S3 API
 * Reference).
 */
import { sign, verify, type KeyObject } from 'node:crypto'
import type { CredentialScope, SigningAlgorithm } from './types.ts'
import { ALGORITHM, ECDSA_ALGORITHM, scopeText } from './credential.ts'
import { EMPTY_SHA256 } from './payload.ts'
import { hmacHex, isEqual } from './signature.ts'

/** A ChunkChain makes the signatures of a body, one after another. */
export interface ChunkChain {
  /** Returns the signature, in wire form, over a chunk whose data has this SHA-256 (hex); advances the chain. */
  sign(sha256: string): string
  /** Does the same for the trailers, whose canonical form has this SHA-256. */
  signTrailer(sha256: string): string
}

/** A ChunkVerifier checks the signatures of a body, one after another. After a false it must not be used again. */
export interface ChunkVerifier {
  /** Tells whether `claimed`, in wire form, is the next signature; if so, advances the chain. */
  verify(claimed: string, sha256: string): boolean
  verifyTrailer(claimed: string, sha256: string): boolean
}

/**
 * Returns the chain of `AWS4-HMAC-SHA256` after the request's signature (hex); `amzDate` as in `x-amz-date`.
 *
 * A chain has one position: make one to verify with and another to sign with.
 */
export function hmacChunkChain(
  key: Buffer,
  amzDate: string,
  scope: CredentialScope,
  seedSignature: string,
): ChunkChain & ChunkVerifier {
  const texts = new StringsToSign(ALGORITHM, amzDate, scope, seedSignature)
  const made = (text: string): string => hmacHex(key, text)
  const matches = (claimed: string, text: string): boolean => isEqual(claimed, made(text))
  return {
    sign: (sha256) => (texts.previous = made(texts.chunk(sha256))),
    signTrailer: (sha256) => (texts.previous = made(texts.trailer(sha256))),
    verify: (claimed, sha256) => matches(claimed, texts.chunk(sha256)) && texts.moveOn(claimed),
    verifyTrailer: (claimed, sha256) => matches(claimed, texts.trailer(sha256)) && texts.moveOn(claimed),
  }
}

/** The longest DER of a P-256 signature has 72 bytes; shorter ones are padded, so that the framing has a known length. */
const ECDSA_WIRE_CHARACTERS = 144
const ECDSA_WIRE = /^((?:[0-9a-f]{2})+)\**$/

/**
 * Returns the chain of `AWS4-ECDSA-P256-SHA256`. Signatures are DER in hex, padded with `*` on the wire, but not in the
 * text that the next signature covers. The scope's region is not part of it (SigV4a signs `x-amz-region-set` instead).
 */
export function ecdsaChunkChain(
  keys: { readonly privateKey: KeyObject; readonly publicKey: KeyObject },
  amzDate: string,
  scope: CredentialScope,
  seedSignature: string,
): ChunkChain & ChunkVerifier {
  const texts = new StringsToSign(ECDSA_ALGORITHM, amzDate, scope, seedSignature)
  const made = (text: string): string => {
    texts.previous = sign('sha256', Buffer.from(text), keys.privateKey).toString('hex')
    return texts.previous.padEnd(ECDSA_WIRE_CHARACTERS, '*')
  }
  const matches = (claimed: string, text: string): boolean => {
    const hex = claimed.length === ECDSA_WIRE_CHARACTERS ? ECDSA_WIRE.exec(claimed)?.[1] : undefined
    if (hex === undefined) return false
    return verify('sha256', Buffer.from(text), keys.publicKey, Buffer.from(hex, 'hex')) && texts.moveOn(hex)
  }
  return {
    sign: (sha256) => made(texts.chunk(sha256)),
    signTrailer: (sha256) => made(texts.trailer(sha256)),
    verify: (claimed, sha256) => matches(claimed, texts.chunk(sha256)),
    verifyTrailer: (claimed, sha256) => matches(claimed, texts.trailer(sha256)),
  }
}

/** Builds the text that the next signature of a chain covers. */
class StringsToSign {
  /** The previous signature, in hex without padding. */
  previous: string
  readonly #chunkHead: string
  readonly #trailerHead: string

  constructor(algorithm: SigningAlgorithm, amzDate: string, scope: CredentialScope, seedSignature: string) {
    const place = `${amzDate}\n${scopeText(algorithm, scope)}`
    this.#chunkHead = `${algorithm}-PAYLOAD\n${place}\n`
    this.#trailerHead = `${algorithm}-TRAILER\n${place}\n`
    this.previous = seedSignature
  }

  chunk(sha256: string): string {
    return `${this.#chunkHead}${this.previous}\n${EMPTY_SHA256}\n${sha256}`
  }

  trailer(sha256: string): string {
    return `${this.#trailerHead}${this.previous}\n${sha256}`
  }

  moveOn(signature: string): true {
    this.previous = signature
    return true
  }
}
