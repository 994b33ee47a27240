/** The admin listener: health, metrics and the operators' API. Nothing on the agent listener leads here. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { checkOrigin, tokenCheck, UNAUTHORIZED, type GateRefusal } from './gate.ts'

export interface Readiness {
  readonly ready: boolean
  /** Shown to anybody who can reach the listener: `state`, `mode`, no secrets. */
  readonly state: 'starting' | 'serving' | 'draining' | 'failing'
  readonly mode: 'enforce' | 'observe'
  readonly [detail: string]: unknown
}

export interface AdminOptions {
  readonly metrics: { text(): Promise<string>; readonly contentType: string }
  readonly ready: () => Readiness
  readonly token: string
  /** Exact `Host` values in lower case, with port; may be filled once the port is known. */
  readonly allowedHosts: { has(host: string): boolean }
  /** `/metrics` without a token. */
  readonly metricsOpen: boolean
  /** `GET /v1/...` by path (`/v1/policy`): what the route answers, as JSON. All need the token. */
  readonly routes: Readonly<Record<string, () => unknown>>
  /** A route that threw: our own bug. */
  readonly bug: (error: unknown) => void
}

const LIMITS = {
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5_000,
  maxHeaderSize: 8 * 1024,
}
const MAX_CONNECTIONS = 64

/** A server that does not listen yet; the caller binds it (see `adminBindProblem`) and closes it. */
export function createAdmin(options: AdminOptions): Server {
  const admitted = tokenCheck(options.token)
  const server = createServer({ ...LIMITS, connectionsCheckingInterval: 1_000 }, (request, response) => {
    answer(request, response, options, admitted).catch((error: unknown) => {
      options.bug(error)
      if (response.headersSent) response.destroy()
      else refuse(response, { status: 500, error: 'internal', message: 'Moderato failed.' })
    })
  })
  server.maxConnections = MAX_CONNECTIONS
  return server
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: AdminOptions,
  admitted: (request: IncomingMessage) => boolean,
): Promise<void> {
  const foreign = checkOrigin(request, options.allowedHosts)
  if (foreign !== undefined) return refuse(response, foreign)
  const path = (request.url ?? '').split('?', 1)[0] ?? ''
  const open = path === '/healthz' || path === '/readyz' || (path === '/metrics' && options.metricsOpen)
  if (!open && !admitted(request)) return refuse(response, UNAUTHORIZED)
  const route = Object.hasOwn(options.routes, path) ? options.routes[path] : undefined
  if (!BUILT_IN.has(path) && route === undefined) {
    return refuse(response, { status: 404, error: 'not_found', message: 'There is no such path here.' })
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD')
    return refuse(response, {
      status: 405,
      error: 'method_not_allowed',
      message: 'This path is read with GET.',
    })
  }
  if (route !== undefined) return sendJson(response, 200, await route())
  if (path === '/healthz') return sendJson(response, 200, { status: 'ok' })
  if (path === '/metrics')
    return send(response, 200, options.metrics.contentType, await options.metrics.text())
  const readiness = options.ready()
  return sendJson(response, readiness.ready ? 200 : 503, readiness)
}

const BUILT_IN: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics'])

function refuse(response: ServerResponse, { status, error, message }: GateRefusal): void {
  if (status === 401) response.setHeader('www-authenticate', 'Bearer')
  // Whatever body follows is not read.
  response.setHeader('connection', 'close')
  sendJson(response, status, { error, message })
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  send(response, status, 'application/json', `${JSON.stringify(body)}\n`)
}

/** No CORS header, ever; nothing is cached, sniffed, framed or run. */
function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
  })
  response.end(body)
}
