/** Holds the data of one chunk until its signature is verified. */

/** A piece of at least this size is kept as it came. */
const LARGE_PIECE_BYTES = 4 * 1024
const SHARED_BYTES = 16 * 1024

/**
 * Keeps pieces in order without a second copy. Only small ones are copied into a shared buffer: a chunk that is sent
 * byte by byte must not cost an object for each byte.
 */
export class ChunkData {
  readonly #pieces: Buffer[] = []
  #bytesLeft: number
  #shared = Buffer.alloc(0)
  /** The range of `#shared` that is not yet in `#pieces`. */
  #from = 0
  #to = 0

  constructor(sizeBytes: number) {
    this.#bytesLeft = sizeBytes
  }

  add(bytes: Buffer): void {
    if (bytes.length >= LARGE_PIECE_BYTES) {
      this.#close()
      this.#pieces.push(bytes)
    } else {
      if (bytes.length > this.#shared.length - this.#to) {
        this.#close()
        this.#shared = Buffer.allocUnsafe(Math.min(SHARED_BYTES, this.#bytesLeft))
        this.#from = 0
        this.#to = 0
      }
      this.#to += bytes.copy(this.#shared, this.#to)
    }
    this.#bytesLeft -= bytes.length
  }

  /** Returns all data, in order. */
  buffers(): readonly Buffer[] {
    this.#close()
    return this.#pieces
  }

  #close(): void {
    if (this.#to > this.#from) this.#pieces.push(this.#shared.subarray(this.#from, this.#to))
    this.#from = this.#to
  }
}
