/** Defines how requests are read and answers written, for both versions of HTTP. */
import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { Readable } from 'node:stream'
import type { MaybePromise } from '../maybe-promise.ts'
import { Denial } from '../denial/denial.ts'

/** A Request is what node:http or node:http2 hands over. */
export type Request = IncomingMessage | Http2ServerRequest

/** A Reply takes the answer. The response of node:http is one; http2-reply.ts makes one of an HTTP/2 stream. */
export interface Reply {
  /** Tells whether to add a Date; false where the upstream's own is relayed. */
  sendDate: boolean
  readonly headersSent: boolean
  readonly closed: boolean
  readonly writableFinished: boolean
  writeContinue(): void
  /** Takes the fields as a flat list: name, value, name, ... */
  writeHead(status: number, message: string | undefined, fields: string[]): unknown
  flushHeaders(): void
  /** Returns false if the caller must wait for `drain`. */
  write(chunk: Buffer): boolean
  end(body?: string | Buffer): unknown
  /** Ends the call without an answer, or in the middle of one. */
  destroy(): unknown
  on(event: 'close', listener: () => void): unknown
  once(event: 'drain', listener: () => void): unknown
}

/** An IncomingBody is the body of a request, not yet read. The first read answers `Expect: 100-continue`. */
export interface IncomingBody {
  /** False when the head says that no body follows. */
  readonly present: boolean
  /** `Content-Length`; undefined for chunked transfer coding. */
  readonly lengthBytes: number | undefined
  /**
   * Returns the whole body, read once and kept. The memory counts against the connection, and against `agent` from the
   * call on that names it: name only a verified agent. Throws Denial `body_too_large` beyond
   * `limits.bufferedBodyBytes`, and `overloaded` if there is no room.
   */
  bytes(agent?: string): MaybePromise<Buffer>
  /** Returns the body as it arrives; only if `bytes` was not called. */
  stream(): Readable
  /** False once all of it has arrived. */
  readonly isPending: boolean
  /** Reads an unwanted body to its end, within bounds, then calls back: a client that still sends gets the answer, not a reset. */
  discard(done: () => void): void
  /**
   * Gets rid of what is left of a body, right before the end of its answer: reads it within bounds, or closes the
   * connection.
   */
  abandon(): void
}

/** Returns the refusal of HTTP trailers. They could add header fields after verification (RFC 9110 6.5.1). */
export function trailersRefused(): Denial {
  return new Denial('malformed_request', 'HTTP request trailers are not supported.')
}
