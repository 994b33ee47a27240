/** What a request comes through and an answer leaves by, of either version of HTTP. */
import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { Readable } from 'node:stream'
import type { MaybePromise } from '../maybe-promise.ts'
import { Denial } from '../denial/denial.ts'

/** A request as node:http or node:http2 hands it over. */
export type Request = IncomingMessage | Http2ServerRequest

/** Where the answer goes: node:http's own response is one; an HTTP/2 stream is made one in http2-reply.ts. */
export interface Reply {
  /** Whether to add a Date; not where the upstream's own is relayed. */
  sendDate: boolean
  readonly headersSent: boolean
  readonly closed: boolean
  readonly writableFinished: boolean
  writeContinue(): void
  /** Flat name, value list. */
  writeHead(status: number, message: string | undefined, fields: string[]): unknown
  flushHeaders(): void
  /** False: wait for `drain`. */
  write(chunk: Buffer): boolean
  end(body?: string | Buffer): unknown
  /** Ends the call without an answer, or in the middle of one. */
  destroy(): unknown
  on(event: 'close', listener: () => void): unknown
  once(event: 'drain', listener: () => void): unknown
}

/** The body of a request, not yet read. The first read answers `Expect: 100-continue`. */
export interface IncomingBody {
  /** False when the head says that no body follows. */
  readonly present: boolean
  /** `Content-Length`; undefined for chunked transfer coding. */
  readonly lengthBytes: number | undefined
  /** The whole body, read once and kept; `owner` (the agent, once known) pays for the memory. Denial `body_too_large` beyond `limits.bufferedBodyBytes`. */
  bytes(owner?: string): MaybePromise<Buffer>
  /** The body as it arrives; only where `bytes` was not called. */
  stream(): Readable
  /** False once all of it has arrived. */
  readonly isPending: boolean
  /** Reads away what nobody wants, within bounds, and calls back: a client that still sends then sees the answer, not a reset. */
  discard(done: () => void): void
}

/** HTTP trailers would be a second place for header fields, after everything was verified (RFC 9110 6.5.1). */
export function trailersRefused(): Denial {
  return new Denial('malformed_request', 'HTTP request trailers are not supported.')
}
