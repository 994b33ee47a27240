/**
 * The chain of signatures over a body that is sent in chunks: each covers its chunk and the signature before it, the
 * first that of the request ("Signature calculations: transferring payload in multiple chunks", S3 API Reference).
 */
import { sign, verify, type KeyObject } from 'node:crypto'
import type { CredentialScope, SigningAlgorithm } from './types.ts'
import { ALGORITHM, ECDSA_ALGORITHM, scopeText } from './credential.ts'
import { EMPTY_SHA256 } from './payload.ts'
import { hmacHex, isEqual } from './signature.ts'

/** Makes the signatures of a body, one after another. */
export interface ChunkChain {
  /** The signature over a chunk whose data has this SHA-256 (hex), as it stands on the wire; moves the chain on. */
  sign(sha256: string): string
  /** The same over the trailers, whose canonical form has this SHA-256. */
  signTrailer(sha256: string): string
}

/** Checks the signatures of a body, one after another. Once it said false it is of no further use. */
export interface ChunkVerifier {
  /** Whether `claimed`, as it stands on the wire, is the next signature; if so, moves the chain on. */
  verify(claimed: string, sha256: string): boolean
  verifyTrailer(claimed: string, sha256: string): boolean
}

/**
 * The chain of `AWS4-HMAC-SHA256`, from the request's signature (hex) on; `amzDate` as in `x-amz-date`.
 *
 * A chain has one place: make one to verify with and another to sign with.
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

/** The longest DER of a P-256 signature is 72 bytes; shorter ones are padded, so that framing has a known length. */
const ECDSA_WIRE_CHARACTERS = 144
const ECDSA_WIRE = /^((?:[0-9a-f]{2})+)\**$/

/**
 * The chain of `AWS4-ECDSA-P256-SHA256`: DER in hex, padded with `*` on the wire but not in what the next signature
 * covers. The scope's region is not part of it (SigV4a signs `x-amz-region-set` instead).
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

/** What the next signature of a chain covers. */
class StringsToSign {
  /** The signature before, in hex without padding. */
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
