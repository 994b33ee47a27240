/** Parses aws-chunked framing, signed or not. It holds no data, only one unfinished line. */
import { hash } from 'node:crypto'
import { Denial } from '../core/denial/denial.ts'
import { checksum, type Checksum } from './checksum.ts'

const LF = 0x0a
/** The longest valid line has 11 digits, `;chunk-signature=` and 144 characters. */
const MAX_LINE_BYTES = 256
/** 11 hex digits are 16 TiB: below 2^53, above any object. Only signed chunks have an extension. */
const UNSIGNED_LINE = /^([0-9a-fA-F]{1,11})$/
const SIGNED_LINE = /^([0-9a-fA-F]{1,11});chunk-signature=([0-9a-f*]{64,144})$/
const TRAILER_SIGNATURE = 'x-amz-trailer-signature'

export interface Framing {
  /** The value of `x-amz-decoded-content-length`. */
  readonly decodedLengthBytes: number
  /** The names in `x-amz-trailer`, each of `CHECKSUM_TRAILERS`; empty for the forms without trailers. */
  readonly trailers: readonly string[]
  /** Receives everything that is signed; undefined for the unsigned form. */
  readonly signed: SignedParts | undefined
}

/** SignedParts receives the parts of a signed body in order. Each method throws a Denial to refuse. */
export interface SignedParts {
  /** Starts a chunk. `size` is as it was written; `sizeBytes` is 0 for the last one. */
  begin(size: string, sizeBytes: number, signature: string): void
  data(bytes: Buffer): void
  /** Ends the chunk: its data is complete. */
  end(): void
  /** Takes a trailer; `text` is as it was written, with its line end. */
  trailer(text: string): void
  /** Takes the signature over all trailers, whose canonical form has the SHA-256 (hex); `name` is as it was written. */
  trailerSignature(name: string, signature: string, sha256: string): void
}

type Part = 'size' | 'data' | 'data-end' | 'trailer' | 'last-line' | 'end'

/**
 * Parses strictly: `hex[;chunk-signature=SIG] CRLF data CRLF`, ..., the chunk of size 0 without data,
 * `name:value CRLF` for each trailer once, `x-amz-trailer-signature:SIG CRLF` if trailers are signed, `CRLF`, end.
 * A trailer may end in LF CRLF: MinIO's Go client sends the line feed of the canonical form, then CRLF.
 *
 * Throws Denial `payload_mismatch` for anything else.
 */
export class ChunkFrames {
  readonly #decodedLengthBytes: number
  readonly #signed: SignedParts | undefined
  readonly #checksums: ReadonlyMap<string, Checksum>
  readonly #running: readonly Checksum[]
  readonly #received = new Map<string, string>()
  #part: Part = 'size'
  #line = ''
  #chunkBytesLeft = 0
  #decodedBytes = 0

  constructor({ decodedLengthBytes, trailers, signed }: Framing) {
    this.#decodedLengthBytes = decodedLengthBytes
    this.#signed = signed
    this.#checksums = new Map(trailers.map((name) => [name, checksum(name)]))
    this.#running = [...this.#checksums.values()]
  }

  /** Returns how many leading bytes of `bytes` lie before the last chunk; all earlier bytes do too. */
  read(bytes: Buffer): number {
    let at = 0
    let before = 0
    while (at < bytes.length) {
      at = this.#part === 'data' ? this.#readData(bytes, at) : this.#readLine(bytes, at)
      if (
        this.#part === 'data' ||
        (this.#line === '' && (this.#part === 'data-end' || this.#part === 'size'))
      ) {
        before = at
      }
    }
    return before
  }

  /** Rejects unless the body is complete and matches its checksums. */
  async finish(): Promise<void> {
    if (this.#part !== 'end') throw mismatch('The body ends before its last chunk and trailer.')
    for (const [name, running] of this.#checksums) {
      if (this.#received.get(name) !== (await running.digest()))
        throw mismatch(`The body does not match its ${name}.`)
    }
  }

  #readData(bytes: Buffer, at: number): number {
    const data = bytes.subarray(at, at + this.#chunkBytesLeft)
    for (const running of this.#running) running.update(data)
    this.#signed?.data(data)
    this.#chunkBytesLeft -= data.length
    if (this.#chunkBytesLeft === 0) {
      this.#signed?.end()
      this.#part = 'data-end'
    }
    return at + data.length
  }

  /** Takes bytes up to the end of the line, which may come in a later buffer. */
  #readLine(bytes: Buffer, at: number): number {
    if (this.#part === 'end') throw mismatch('Bytes follow the end of the body.')
    const limit = at + MAX_LINE_BYTES - this.#line.length
    const lineFeed = bytes.subarray(at, limit).indexOf(LF)
    const end = lineFeed < 0 ? Math.min(bytes.length, limit) : at + lineFeed + 1
    this.#line += bytes.toString('latin1', at, end)
    if (this.#line.endsWith('\r\n')) {
      const line = this.#line
      this.#line = ''
      this.#takeLine(line)
    } else if (this.#line.length >= MAX_LINE_BYTES) throw mismatch('A line of the chunked body is too long.')
    return end
  }

  #takeLine(line: string): void {
    if (this.#part === 'size') this.#takeSize(line.slice(0, -2))
    else if (this.#part === 'trailer' && line !== '\r\n') this.#takeTrailer(line)
    else if (line !== '\r\n') throw mismatch('A chunk is longer than its size says, or its end is missing.')
    else if (this.#part === 'data-end') this.#part = 'size'
    else this.#endTrailers()
  }

  #takeSize(line: string): void {
    const match = (this.#signed === undefined ? UNSIGNED_LINE : SIGNED_LINE).exec(line)
    if (match === null) throw mismatch('The first line of a chunk is malformed for this form of body.')
    const [, size = '', signature = ''] = match
    const sizeBytes = parseInt(size, 16)
    this.#decodedBytes += sizeBytes
    if (this.#decodedBytes > this.#decodedLengthBytes) {
      throw mismatch('The body is longer than x-amz-decoded-content-length says.')
    }
    if (sizeBytes === 0 && this.#decodedBytes < this.#decodedLengthBytes) {
      throw mismatch('The body is shorter than x-amz-decoded-content-length says.')
    }
    this.#signed?.begin(size, sizeBytes, signature)
    if (sizeBytes === 0) this.#signed?.end()
    this.#chunkBytesLeft = sizeBytes
    this.#part = sizeBytes > 0 ? 'data' : 'trailer'
  }

  #takeTrailer(line: string): void {
    const colon = line.indexOf(':')
    const written = line.slice(0, Math.max(colon, 0))
    const name = written.toLowerCase()
    if (name === TRAILER_SIGNATURE && this.#signed !== undefined && this.#received.size > 0) {
      this.#part = 'last-line'
      this.#signed.trailerSignature(written, line.slice(colon + 1, -2), this.#canonicalTrailersHash())
      return
    }
    if (!this.#checksums.has(name) || this.#received.has(name)) {
      throw mismatch('The body has a trailer that x-amz-trailer does not name, or the same trailer twice.')
    }
    this.#received.set(name, line.slice(colon + 1).replace(/\n?\r\n$/, ''))
    this.#signed?.trailer(line)
  }

  #canonicalTrailersHash(): string {
    const names = [...this.#received.keys()].sort()
    const text = names.map((name) => `${name}:${this.#received.get(name) ?? ''}\n`).join('')
    return hash('sha256', Buffer.from(text, 'latin1'), 'hex')
  }

  #endTrailers(): void {
    if (this.#part === 'trailer' && this.#signed !== undefined && this.#checksums.size > 0) {
      throw mismatch('The trailers are not signed.')
    }
    this.#part = 'end'
  }
}

/** Returns the Denial for a body that does not match what was signed or declared. */
export function mismatch(detail: string): Denial {
  return new Denial('payload_mismatch', detail)
}
