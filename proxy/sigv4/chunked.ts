/** Checks an aws-chunked body with a trailing checksum (`STREAMING-UNSIGNED-PAYLOAD-TRAILER`) as it streams through. */
import { Transform } from 'node:stream'
import { callbackify } from 'node:util'
import { Denial } from '../denial.ts'
import { checksum, type Checksum } from './checksum.ts'

const LF = 0x0a
const MAX_SIZE_LINE_BYTES = 18
const MAX_TRAILER_LINE_BYTES = 256
/** 11 hex digits are 16 TiB: below 2^53, above any object. No extensions: only signed chunks have one. */
const SIZE_LINE = /^[0-9a-fA-F]{1,11}$/

/**
 * Passes the bytes on unchanged. The last chunk's line and the trailer are held back until the decoded length is
 * `decodedLengthBytes` and every checksum named in `trailers` is right; otherwise the stream fails with
 * `payload_mismatch`, so that whoever reads never sees a complete body.
 *
 * Framing is read strictly: `hex CRLF data CRLF`, ..., `0 CRLF`, `name:value CRLF` once each, `CRLF`, end.
 */
export function unsignedTrailerCheck(decodedLengthBytes: number, trailers: readonly string[]): Transform {
  const frames = new ChunkedFrames(decodedLengthBytes, trailers)
  let held: Buffer[] = []
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      try {
        const released = frames.read(chunk)
        if (released > 0) {
          for (const earlier of held) this.push(earlier)
          held = []
          this.push(chunk.subarray(0, released))
        }
        if (released < chunk.length) held.push(chunk.subarray(released))
        done()
      } catch (error) {
        done(error as Error)
      }
    },
    flush(done) {
      callbackify(() => frames.finish())((error) => {
        if (error === null) for (const earlier of held) this.push(earlier)
        done(error)
      })
    },
  })
}

type Part = 'size' | 'data' | 'data-end' | 'trailer' | 'end'

/** A push parser of the framing. It holds no data, only one unfinished line. */
class ChunkedFrames {
  readonly #decodedLengthBytes: number
  readonly #checksums: ReadonlyMap<string, Checksum>
  readonly #received = new Map<string, string>()
  #part: Part = 'size'
  #line = ''
  #chunkBytesLeft = 0
  #decodedBytes = 0

  constructor(decodedLengthBytes: number, trailers: readonly string[]) {
    this.#decodedLengthBytes = decodedLengthBytes
    this.#checksums = new Map(trailers.map((name) => [name, checksum(name)]))
  }

  /** How many leading bytes of `bytes`, and with them all earlier ones, may go on. */
  read(bytes: Buffer): number {
    let at = 0
    let released = 0
    while (at < bytes.length) {
      if (this.#part === 'data') at = this.#readData(bytes, at)
      else at = this.#readLine(bytes, at)
      if (this.#part === 'data' || this.#part === 'data-end') released = at
      else if (this.#part === 'size' && this.#line === '') released = at
    }
    return released
  }

  /** Rejects unless the body is whole and right. */
  async finish(): Promise<void> {
    if (this.#part !== 'end') throw mismatch('The body ends before its last chunk and trailer.')
    for (const [name, running] of this.#checksums) {
      if (this.#received.get(name) !== (await running.digest()))
        throw mismatch(`The body does not have its ${name}.`)
    }
  }

  #readData(bytes: Buffer, at: number): number {
    const data = bytes.subarray(at, at + this.#chunkBytesLeft)
    for (const running of this.#checksums.values()) running.update(data)
    this.#chunkBytesLeft -= data.length
    if (this.#chunkBytesLeft === 0) this.#part = 'data-end'
    return at + data.length
  }

  /** Takes bytes up to the line's end, which may come in a later buffer. */
  #readLine(bytes: Buffer, at: number): number {
    if (this.#part === 'end') throw mismatch('Bytes follow the end of the body.')
    const maxBytes = this.#part === 'trailer' ? MAX_TRAILER_LINE_BYTES : MAX_SIZE_LINE_BYTES
    const lineFeed = bytes.subarray(at, at + maxBytes).indexOf(LF)
    const end = lineFeed < 0 ? Math.min(bytes.length, at + maxBytes) : at + lineFeed + 1
    this.#line += bytes.toString('latin1', at, end)
    if (this.#line.length > maxBytes || (lineFeed < 0 && end < bytes.length)) {
      throw mismatch('A line of the chunked body is too long.')
    }
    if (lineFeed >= 0) {
      if (!this.#line.endsWith('\r\n')) throw mismatch('A line of the chunked body does not end in CRLF.')
      const line = this.#line.slice(0, -2)
      this.#line = ''
      this.#takeLine(line)
    }
    return end
  }

  #takeLine(line: string): void {
    if (this.#part === 'size') this.#takeSize(line)
    else if (this.#part === 'trailer') this.#takeTrailer(line)
    else if (line === '') this.#part = 'size'
    else throw mismatch('A chunk is longer than its size says.')
  }

  #takeSize(line: string): void {
    if (!SIZE_LINE.test(line)) throw mismatch('A chunk size is not a hexadecimal number.')
    this.#chunkBytesLeft = parseInt(line, 16)
    this.#decodedBytes += this.#chunkBytesLeft
    if (this.#decodedBytes > this.#decodedLengthBytes) {
      throw mismatch('The body is longer than x-amz-decoded-content-length says.')
    }
    if (this.#chunkBytesLeft > 0) {
      this.#part = 'data'
      return
    }
    if (this.#decodedBytes < this.#decodedLengthBytes) {
      throw mismatch('The body is shorter than x-amz-decoded-content-length says.')
    }
    this.#part = 'trailer'
  }

  #takeTrailer(line: string): void {
    if (line === '') {
      this.#part = 'end'
      return
    }
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase()
    if (!this.#checksums.has(name) || this.#received.has(name)) {
      throw mismatch('The body has a trailer that x-amz-trailer does not name, or has one twice.')
    }
    this.#received.set(name, line.slice(colon + 1).trim())
  }
}

function mismatch(detail: string): Denial {
  return new Denial('payload_mismatch', detail)
}
