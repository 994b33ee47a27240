/** Serves agents: HTTP/1.1 and HTTP/2 on one port, in front of the pipeline. Nothing passes through it unchecked. */
import { createServer as createHttp, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import {
  createServer as createHttp2,
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2'
import { createServer as createHttps } from 'node:https'
import type { Socket } from 'node:net'
import { TLSSocket, type TlsOptions } from 'node:tls'
import { countConnections } from '../core/http/count-connections.ts'
import { Http1Reply } from '../core/http/http1-reply.ts'
import { http2Reply } from '../core/http/http2-reply.ts'
import { closingAll } from '../core/http/open-sockets.ts'
import { refusePlainHttp } from '../core/http/plain-http.ts'
import type { Runner } from '../pipeline/run.ts'
import type { OpenConnections } from '../core/open-connections.ts'
import { stopAbandoned } from './receive/abandoned-bodies.ts'
import type { receive } from './receive/receive.ts'
import { refusePlain, refuseUnreadable, repliesWith, type RecordUnreadable } from './unreadable.ts'

/** Configures the agent listener. */
export interface AgentsServerOptions {
  readonly received: ReturnType<typeof receive>
  readonly run: Runner
  readonly headersTimeoutMs: number
  readonly headerBytes: number
  /** Counts the connections, and closes one when there are too many. */
  readonly connections: OpenConnections
  /** The limit of calls in flight on one HTTP/2 connection. */
  readonly streamsPerConnection: number
  readonly unreadable: RecordUnreadable
  /** Certificate, key and the authority of client certificates; plain TCP if undefined. */
  readonly tls?: TlsOptions | undefined
}

/** Idle connections are kept longer than SDKs keep theirs, so that the SDK closes first. */
const KEEP_ALIVE_MS = 75_000

/** Node looks for overdue heads in this interval; its default would give them half a minute more. */
const CHECK_INTERVAL_MS = 5_000

/** Every HTTP/2 connection begins with this, and no HTTP/1.1 request does (RFC 9113 3.4). */
const PREFACE = Buffer.from('PRI')

/**
 * Creates the server. ALPN tells the protocol of a TLS connection; on plain TCP the first bytes do (prior knowledge; there
 * is no upgrade from HTTP/1.1). This costs something once for each connection, and nothing for each request.
 */
export function createAgentsServer(options: AgentsServerOptions): Server {
  const front = http1Server(options)
  const { server: http2, sessions } = http2Server(options)
  const event = options.tls === undefined ? 'connection' : 'secureConnection'
  const [serveHttp1] = front.listeners(event) as ((this: Server, socket: Socket) => void)[]
  const undecided = new Set<Socket>()
  const serve = (socket: Socket, isHttp2: boolean): void => {
    undecided.delete(socket)
    // Its session takes its place.
    if (isHttp2) options.connections.forget(socket)
    if (!isHttp2) return serveHttp1?.call(front, socket)
    // Node's HTTP/2 server needs this, unlike its HTTP/1.1 server: otherwise nobody hears that the client has left.
    socket.allowHalfOpen = false
    http2.emit('connection', socket)
  }
  front.removeAllListeners(event)
  countConnections(front, options.connections)
  front.on(event, (socket: Socket) => {
    if (socket instanceof TLSSocket) return serve(socket, socket.alpnProtocol === 'h2')
    undecided.add(socket)
    socket.once('close', () => undecided.delete(socket))
    sniff(socket, options.headersTimeoutMs, (isHttp2) => serve(socket, isHttp2))
  })
  const closeIdleConnections = front.closeIdleConnections.bind(front)
  return Object.assign(closingAll(front), {
    closeIdleConnections() {
      closeIdleConnections()
      for (const socket of undecided) socket.destroy()
      stopAbandoned()
      // GOAWAY: calls in flight are answered, no further ones are taken (RFC 9113 6.8).
      for (const session of sessions) session.close()
    },
  })
}

/** Reads the first bytes, puts them back, and calls `decided` with the protocol that they begin. */
function sniff(socket: Socket, timeoutMs: number, decided: (isHttp2: boolean) => void): void {
  let received: Buffer = Buffer.alloc(0)
  const late = setTimeout(() => socket.destroy(), timeoutMs)
  const failed = (): void => void socket.destroy()
  const look = (bytes: Buffer): void => {
    received = received.length === 0 ? bytes : Buffer.concat([received, bytes])
    const compared = Math.min(received.length, PREFACE.length)
    const isHttp2 = received.subarray(0, compared).equals(PREFACE.subarray(0, compared))
    if (isHttp2 && compared < PREFACE.length) return
    clearTimeout(late)
    socket.off('data', look).off('error', failed).off('end', failed).pause()
    socket.unshift(received)
    decided(isHttp2)
    if (!isHttp2) socket.resume()
  }
  // The server lets its sockets stay half open: the end of a client that said nothing is heard here alone.
  socket.on('data', look).on('error', failed).on('end', failed)
  socket.once('close', () => clearTimeout(late))
}

/**
 * Creates the HTTP/1.1 server. Node's parser is strict (no obs-fold, no Content-Length beside Transfer-Encoding, no bare
 * LF); `checkContinue` leaves `Expect` to the pipeline, which answers it after the head's checks and the decision.
 */
function http1Server({ received, run, tls, ...options }: AgentsServerOptions): Server {
  const handle = (expectsContinue: boolean) => (request: IncomingMessage, reply: ServerResponse) => {
    repliesWith(request.socket, reply)
    void run(received(request, reply, expectsContinue))
  }
  const settings = http1Settings(options)
  const server =
    tls === undefined
      ? createHttp(settings, handle(false))
      : createHttps(
          {
            ...settings,
            ...tls,
            minVersion: 'TLSv1.2',
            ALPNProtocols: ['h2', 'http/1.1'],
            handshakeTimeout: options.headersTimeoutMs,
          },
          handle(false),
        )
  // Headers are bounded by their bytes; Node would silently drop those beyond a number.
  server.maxHeadersCount = 0
  server.on('checkContinue', handle(true))
  server.on('checkExpectation', handle(false))
  refuseUnreadable(server, options.unreadable)
  if (tls !== undefined)
    refusePlainHttp(server, options.headersTimeoutMs, (socket) => refusePlain(socket, options.unreadable))
  return server
}

function http1Settings({
  headerBytes,
  headersTimeoutMs,
}: Pick<AgentsServerOptions, 'headerBytes' | 'headersTimeoutMs'>) {
  return {
    ServerResponse: Http1Reply,
    insecureHTTPParser: false,
    requireHostHeader: false,
    maxHeaderSize: headerBytes,
    headersTimeout: headersTimeoutMs,
    connectionsCheckingInterval: CHECK_INTERVAL_MS,
    // Bodies have a minimum rate instead of a total time: a large upload may take hours.
    requestTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    noDelay: true,
  }
}

/** Creates the HTTP/2 server. Its settings bound floods of streams, resets, settings and pings. */
function http2Server({ received, run, ...options }: AgentsServerOptions): {
  server: Http2Server
  sessions: ReadonlySet<ServerHttp2Session>
} {
  const sessions = new Set<ServerHttp2Session>()
  const server = createHttp2({
    settings: {
      maxConcurrentStreams: options.streamsPerConnection,
      maxHeaderListSize: options.headerBytes,
      enableConnectProtocol: false,
    },
    maxSessionMemory: 16,
    maxSessionInvalidFrames: 100,
    maxSessionRejectedStreams: 100,
    maxOutstandingPings: 10,
    maxSettings: 32,
    unknownProtocolTimeout: options.headersTimeoutMs,
  })
  const handle = (expectsContinue: boolean) => (request: Http2ServerRequest, reply: Http2ServerResponse) => {
    void run(received(request, http2Reply(reply), expectsContinue))
  }
  server.on('request', handle(false))
  server.on('checkContinue', handle(true))
  server.on('session', (session) => {
    sessions.add(session)
    options.connections.opened(session)
    session.setTimeout(KEEP_ALIVE_MS, () => session.close())
    session.once('close', () => sessions.delete(session))
    session.on('error', () => session.destroy())
  })
  server.on('sessionError', () => undefined)
  return { server, sessions }
}
