/** The agent listener: plain HTTP/1.1 in front of the pipeline. There is no pass-through on it. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Runner } from './record.ts'
import type { receive } from './stages/receive.ts'

export interface AgentsServerOptions {
  readonly received: ReturnType<typeof receive>
  readonly run: Runner
  readonly headersTimeoutMs: number
  readonly headerBytes: number
  readonly maxConnections: number
}

/** How long an idle connection is kept: longer than SDKs keep theirs, so that they close first. */
const KEEP_ALIVE_MS = 75_000

/** How often Node looks for heads that are overdue; by default it gives them half a minute more. */
const CHECK_INTERVAL_MS = 5_000

/**
 * Node's parser is strict (no obs-fold, no Content-Length beside Transfer-Encoding, no bare LF); `checkContinue`
 * leaves `Expect` to the pipeline, which answers it after the head's checks and the decision.
 */
export function createAgentsServer(options: AgentsServerOptions): Server {
  const handle = (expectsContinue: boolean) => (request: IncomingMessage, reply: ServerResponse) => {
    void options.run(options.received(request, reply, expectsContinue))
  }
  const server = createServer(
    {
      insecureHTTPParser: false,
      requireHostHeader: false,
      maxHeaderSize: options.headerBytes,
      headersTimeout: options.headersTimeoutMs,
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
      // Bodies have a minimum rate instead of a total time: a large upload may take hours.
      requestTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
      noDelay: true,
    },
    handle(false),
  )
  server.maxConnections = options.maxConnections
  // Bounded by their bytes; Node would drop those beyond a number without a word.
  server.maxHeadersCount = 0
  server.on('checkContinue', handle(true))
  server.on('checkExpectation', handle(false))
  server.on('upgrade', (_request, socket) => {
    socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
  })
  server.on('connect', (_request, socket) => {
    socket.end('HTTP/1.1 405 Method Not Allowed\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
  })
  return server
}
