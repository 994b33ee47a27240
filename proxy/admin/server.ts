/** Serves the admin listener: health, metrics and the operators' API. The agent listener never leads here. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { TlsOptions } from 'node:tls'
import type { Audit } from '../audit/audit.ts'
import { countConnections } from '../core/http/count-connections.ts'
import { closingAll } from '../core/http/open-sockets.ts'
import { OpenConnections } from '../core/open-connections.ts'
import { answerRoute } from './answer-route.ts'
import type { CallerOf } from '../operators/callers.ts'
import { CONSOLE, CONSOLE_CSP } from './console.ts'
import { checkOrigin, UNAUTHORIZED, type OriginRefusal } from './origin-check.ts'
import { openApi } from './openapi.ts'
import { AdminError, matchRoute, type AdminRoute } from './route.ts'

export interface Readiness {
  readonly ready: boolean
  /** `state` and `mode` are shown to everybody who can reach the listener; they hold no secrets. */
  readonly state: 'starting' | 'serving' | 'draining' | 'failing'
  readonly mode: 'enforce' | 'observe'
  readonly [detail: string]: unknown
}

export interface AdminOptions {
  readonly metrics: { text(): Promise<string>; readonly contentType: string }
  readonly ready: () => Readiness
  readonly callerOf: CallerOf
  /** Exact `Host` values in lower case, with port; may be filled when the port is known. */
  readonly allowedHosts: { has(host: string): boolean }
  /** True if `/metrics` needs no token. */
  readonly metricsOpen: boolean
  readonly routes: readonly AdminRoute[]
  /** Records every write before it is done. */
  readonly audit: Pick<Audit, 'append' | 'commit'>
  /** The settings of HTTPS; with `requestCert` a client may send a certificate instead of a token. */
  readonly tls?: TlsOptions | undefined
  /** Called when a route throws: a bug of our own. */
  readonly bug: (error: unknown) => void
}

const LIMITS = {
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5_000,
  maxHeaderSize: 8 * 1024,
  connectionsCheckingInterval: 1_000,
}
const MAX_CONNECTIONS = 64

/** Creates a server that does not listen yet; the caller binds and closes it. */
export function createAdmin(given: AdminOptions): Server {
  const connections = new OpenConnections(MAX_CONNECTIONS)
  const options = { ...given, callerOf: protecting(connections, given.callerOf) }
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    answer(request, response, options).catch((error: unknown) => {
      const refusal = error instanceof AdminError ? error : INTERNAL
      if (refusal === INTERNAL) options.bug(error)
      if (response.headersSent) response.destroy()
      else refuse(response, refusal)
    })
  }
  const server =
    options.tls === undefined
      ? createServer(LIMITS, onRequest)
      : createTlsServer({ ...LIMITS, handshakeTimeout: LIMITS.headersTimeout, ...options.tls }, onRequest)
  countConnections(server, connections)
  return closingAll(server)
}

/** Keeps the connections of known callers: strangers cannot take their places (rule S28). */
function protecting(connections: OpenConnections, callerOf: CallerOf): CallerOf {
  return (request) => {
    const caller = callerOf(request)
    if (caller !== undefined) connections.verified(request.socket, caller.subject)
    return caller
  }
}

const INTERNAL: OriginRefusal = { status: 500, error: 'internal', message: 'Moderato failed.' }

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: AdminOptions,
): Promise<void> {
  const foreign = checkOrigin(request, options.allowedHosts)
  if (foreign !== undefined) return refuse(response, foreign)
  const [path, search] = splitTarget(request.url ?? '')
  const builtIn = Object.hasOwn(BUILT_IN, path) ? BUILT_IN[path] : undefined
  const open = builtIn?.open(options) === true
  const caller = open ? undefined : options.callerOf(request)
  const routes = matchRoute(options.routes, path)
  const matched = routes.find(request.method ?? '')
  if (!open && caller === undefined && matched?.route.needs !== 'signature')
    return refuse(response, UNAUTHORIZED)
  const allowed = builtIn === undefined ? routes.methods : READ
  if (allowed.size === 0) throw new AdminError(404, 'not_found', 'There is no such path; see /openapi.json.')
  if (!allowed.has(request.method ?? '')) {
    response.setHeader('allow', [...allowed].join(', '))
    throw new AdminError(405, 'method_not_allowed', `This path allows only ${[...allowed].join(', ')}.`)
  }
  if (builtIn !== undefined) return send(response, await builtIn.answer(options))
  if (matched === undefined) throw new Error(`no route for ${path}`)
  const body = await answerRoute({ request, path, search, caller, matched }, options.audit)
  return send(response, body === undefined ? { status: 204 } : jsonAnswer(200, body))
}

const READ: ReadonlySet<string> = new Set(['GET', 'HEAD'])

interface Answer {
  readonly status: number
  readonly type?: string
  readonly text?: string
  /** The policy of a page; other answers are no documents. */
  readonly csp?: string
}

interface BuiltIn {
  /** Tells whether everybody who can reach the listener gets an answer. */
  open(options: AdminOptions): boolean
  answer(options: AdminOptions): Answer | Promise<Answer>
}

const BUILT_IN: Readonly<Record<string, BuiltIn>> = {
  '/healthz': { open: () => true, answer: () => jsonAnswer(200, { status: 'ok' }) },
  '/readyz': {
    open: () => true,
    answer({ ready }) {
      const readiness = ready()
      return jsonAnswer(readiness.ready ? 200 : 503, readiness)
    },
  },
  '/metrics': {
    open: ({ metricsOpen }) => metricsOpen,
    answer: async ({ metrics }) => ({ status: 200, type: metrics.contentType, text: await metrics.text() }),
  },
  ...Object.fromEntries(
    [...CONSOLE].map(([path, page]) => [
      path,
      { open: () => true, answer: () => ({ status: 200, csp: CONSOLE_CSP, ...page }) },
    ]),
  ),
  '/openapi.json': { open: () => false, answer: ({ routes }) => jsonAnswer(200, openApi(routes)) },
}

function splitTarget(target: string): [string, string] {
  const mark = target.indexOf('?')
  return mark < 0 ? [target, ''] : [target.slice(0, mark), target.slice(mark + 1)]
}

function refuse(response: ServerResponse, { status, error, message }: OriginRefusal): void {
  if (status === 401) response.setHeader('www-authenticate', 'Bearer')
  // A body that follows is not read.
  response.setHeader('connection', 'close')
  send(response, jsonAnswer(status, { error, message }))
}

function jsonAnswer(status: number, body: unknown): Answer {
  return { status, type: 'application/json', text: `${JSON.stringify(body)}\n` }
}

const NO_DOCUMENT = "default-src 'none'; frame-ancestors 'none'"

/** Sends an answer without any CORS header; it is not cached, sniffed, framed or run. */
function send(response: ServerResponse, { status, type, text, csp = NO_DOCUMENT }: Answer): void {
  response.writeHead(status, {
    ...(text === undefined || type === undefined
      ? {}
      : { 'content-type': type, 'content-length': Buffer.byteLength(text) }),
    'cache-control': 'no-store',
    'content-security-policy': csp,
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  })
  response.end(text)
}
