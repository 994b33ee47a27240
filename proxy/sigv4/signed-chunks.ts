/** Verifies a body whose chunks are signed (`STREAMING-AWS4-...-PAYLOAD[-TRAILER]`), and re-signs it as it passes. */
import { createHash } from 'node:crypto'
import type { Transform } from 'node:stream'
import { Denial } from '../core/denial/denial.ts'
import { takeRoom, type BodyHold } from './body-hold.ts'
import type { ChunkChain, ChunkVerifier } from './chunk-chain.ts'
import { ChunkData } from './chunk-data.ts'
import { ChunkFrames, mismatch, type SignedParts } from './chunk-frames.ts'
import { bodyTransform, type BodyReader, type Pass } from './chunk-transform.ts'

export interface SignedChunksOptions {
  readonly verify: ChunkVerifier
  /** Uses the same algorithm as `verify`, so that signatures keep their length. */
  readonly sign: ChunkChain
  /** The value of `x-amz-decoded-content-length`. */
  readonly decodedLengthBytes: number
  /** The names in `x-amz-trailer`; empty for the forms without `-TRAILER`. */
  readonly trailers: readonly string[]
  /** A larger chunk fails the stream with `body_too_large`: a chunk is held until its signature is verified. */
  readonly maxChunkBytes: number
  /** Counts every byte that is held; if it refuses, the stream fails with `overloaded`. Without it nothing is counted. */
  readonly hold?: BodyHold
}

/**
 * Passes the body on with new signatures; the rest stays the same, byte for byte.
 *
 * A chunk goes on when it and the next one are verified. The last chunk with data, the chunk of size 0 and the trailers
 * go on when the body has ended and matches its decoded length and every checksum named in `trailers`. Otherwise the
 * stream fails with `payload_mismatch`, so that no reader sees a complete body. It holds at most two chunks.
 */
export function signedChunks(options: SignedChunksOptions): Transform {
  return bodyTransform(new SignedChunks(options))
}

class SignedChunks implements BodyReader, SignedParts {
  readonly #options: SignedChunksOptions
  readonly #frames: ChunkFrames
  #size = ''
  #sizeBytes = 0
  #claimed = ''
  #hash = createHash('sha256')
  #data = new ChunkData(0)
  /** The last verified chunk, re-signed; `#released` holds those before it that may go on. */
  #held: readonly Buffer[] = []
  #heldBytes = 0
  #released: Buffer[] = []
  /** The re-signed text that follows the data of the held chunk. */
  #text = ''

  constructor(options: SignedChunksOptions) {
    this.#options = options
    this.#frames = new ChunkFrames({ ...options, signed: this })
  }

  read(bytes: Buffer, pass: Pass): void {
    this.#frames.read(bytes)
    for (const each of this.#released) pass(each)
    this.#released = []
  }

  async finish(pass: Pass): Promise<void> {
    await this.#frames.finish()
    for (const each of this.#held) pass(each)
    pass(Buffer.from(`${this.#text}\r\n`, 'latin1'))
  }

  begin(size: string, sizeBytes: number, signature: string): void {
    const { maxChunkBytes } = this.#options
    if (sizeBytes > maxChunkBytes) {
      throw new Denial(
        'body_too_large',
        `A signed chunk may have at most ${maxChunkBytes} bytes here (limits.chunkBytes).`,
      )
    }
    this.#size = size
    this.#sizeBytes = sizeBytes
    this.#claimed = signature
    this.#hash = createHash('sha256')
    this.#data = new ChunkData(sizeBytes)
  }

  data(bytes: Buffer): void {
    if (this.#options.hold !== undefined) takeRoom(this.#options.hold, bytes.length)
    this.#hash.update(bytes)
    this.#data.add(bytes)
  }

  end(): void {
    const { verify, sign } = this.#options
    const sha256 = this.#hash.digest('hex')
    if (!verify.verify(this.#claimed, sha256)) throw mismatch('The signature of a chunk does not match.')
    const signature = sameLength(sign.sign(sha256), this.#claimed)
    const text = `${this.#text}${this.#size};chunk-signature=${signature}\r\n`
    if (this.#sizeBytes === 0) {
      this.#text = text
      return
    }
    for (const each of this.#held) this.#released.push(each)
    this.#options.hold?.giveBack(this.#heldBytes)
    this.#heldBytes = this.#sizeBytes
    this.#held = [Buffer.from(text, 'latin1'), ...this.#data.buffers()]
    this.#text = '\r\n'
  }

  trailer(text: string): void {
    this.#text += text
  }

  trailerSignature(name: string, claimed: string, sha256: string): void {
    const { verify, sign } = this.#options
    if (!verify.verifyTrailer(claimed, sha256)) {
      throw mismatch('The signature of the trailers does not match.')
    }
    this.#text += `${name}:${sameLength(sign.signTrailer(sha256), claimed)}\r\n`
  }
}

/** Checks the length: another one would break the framing and the Content-Length that was sent upstream already. */
function sameLength(signature: string, claimed: string): string {
  if (signature.length !== claimed.length) throw new Error('The two chains are not of one algorithm.')
  return signature
}
