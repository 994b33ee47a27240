/** Writes answers to HTTP/2 streams. */
import type { Http2ServerResponse, OutgoingHttpHeaders, ServerStreamResponseOptions } from 'node:http2'
import type { Reply } from './message.ts'
import { HOP_BY_HOP } from './headers.ts'

/** Makes a Reply of an HTTP/2 stream. It leaves out the reason phrase and connection fields (RFC 9113 8.2.2, 8.3.2). */
export function http2Reply({ stream }: Http2ServerResponse): Reply {
  // An error of a stream is seen as its close; without a listener it would be thrown.
  stream.on('error', () => undefined)
  let ended = false
  return {
    sendDate: true,
    get headersSent() {
      return stream.headersSent
    },
    get closed() {
      return stream.closed || stream.destroyed
    },
    // Node ends a stream that its client resets, so that it looks finished: only our own end counts.
    get writableFinished() {
      return ended && stream.writableFinished && !stream.aborted
    },
    writeContinue() {
      if (!stream.destroyed) stream.additionalHeaders({ ':status': 100 })
    },
    writeHead(status, _message, fields) {
      // Node has this option (lib/internal/http2/compat.js sets it), but its types lack it.
      const options: ServerStreamResponseOptions & { sendDate: boolean } = { sendDate: this.sendDate }
      if (stream.destroyed) return
      const headers = headersOf(status, fields)
      try {
        stream.respond(headers, options)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ERR_HTTP2_HEADER_SINGLE_VALUE') throw error
        // An upstream repeated a field that may stand only once. The answer is relayed all the same, as over HTTP/1.1.
        stream.respond(withFirstOnly(headers), options)
      }
    },
    // `writeHead` has sent them already.
    flushHeaders() {},
    write: (chunk) => stream.destroyed || stream.write(chunk),
    end(body) {
      ended = true
      if (!stream.destroyed) stream.end(body)
    },
    // Not `close`: that ends the answer first, which then looks whole.
    destroy: () => stream.destroy(new Error('the answer was cut off')),
    on: (event, listener) => stream.on(event, listener),
    once: (event, listener) => stream.once(event, listener),
  }
}

function headersOf(status: number, fields: readonly string[]): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = { ':status': status }
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = (fields[i] as string).toLowerCase()
    const value = fields[i + 1] as string
    if (HOP_BY_HOP.has(name) || name === 'http2-settings') continue
    const before = headers[name]
    headers[name] = before === undefined ? value : [before, value].flat().map(String)
  }
  return headers
}

function withFirstOnly(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  const first = (value: OutgoingHttpHeaders[string]) => (Array.isArray(value) ? value[0] : value)
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, first(value)]))
}
