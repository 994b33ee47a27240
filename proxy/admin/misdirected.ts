/** Refuses in words what belongs to another port, or speaks another protocol. */
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Catalogue } from '../aws/catalogue/types.ts'
import { errorResponse, type ErrorResponse } from '../aws/errors/error-response.ts'
import { protocolGuess } from '../aws/identify/protocol-guess.ts'
import { HeaderFields } from '../core/http/headers.ts'
import {
  AGENT_AT_ADMIN,
  isAgentCall,
  NOT_A_PROXY,
  PLAIN_HTTP_TO_TLS,
  wordsForBytes,
} from '../core/http/misdirected.ts'
import { refusePlainHttp } from '../core/http/plain-http.ts'
import { statusOfParserError, textAnswer } from '../core/http/text-answer.ts'
import { UNAUTHORIZED, type OriginRefusal } from './origin-check.ts'

/**
 * Returns the refusal of an agent's call in the form of the service that it called, so that its SDK shows the words;
 * undefined for any other request. It says nothing of this installation. `foreign` is why the request may not be made
 * here at all: its status stays. But an agent's call is no JSON of ours, and its credentials are none here.
 */
export function refusedAgent(
  { method = '', url = '', rawHeaders }: IncomingMessage,
  foreign: OriginRefusal | undefined,
  catalogue: Catalogue | undefined,
): ErrorResponse | undefined {
  const [path = '', query = ''] = url.split(/\?(.*)/s)
  const head = { method, path, query, headers: new HeaderFields(rawHeaders) }
  if (!isAgentCall(head)) return undefined
  const protocol = protocolGuess(head, undefined, catalogue)
  const { detail: message, next } = AGENT_AT_ADMIN
  const refusal = {
    protocol,
    service: '',
    reason: 'endpoint_refused',
    message,
    next,
    requestId: '',
    method,
  } as const
  const status = foreign === undefined || foreign.status === 415 ? UNAUTHORIZED.status : foreign.status
  return { ...errorResponse(refusal), status }
}

type ClientError = NodeJS.ErrnoException & { readonly rawPacket?: Buffer }

const WAIT_MS = 5_000

/** Answers connections whose bytes are no request that can be read, and those that take the port for a proxy. */
export function refuseBytes(server: Server, isTls: boolean): void {
  server.on('clientError', ({ code = '', rawPacket = NOTHING }: ClientError, socket: Duplex) => {
    // A handshake that failed has no connection to answer on.
    const isHeard = code !== 'ECONNRESET' && !code.startsWith('ERR_SSL') && socket.writable
    if (isHeard) socket.write(textAnswer(statusOfParserError(code), wordsForBytes(rawPacket, 'admin')))
    socket.destroy()
  })
  server.on('connect', (_request, socket) => socket.end(textAnswer('405 Method Not Allowed', NOT_A_PROXY)))
  if (isTls)
    refusePlainHttp(server, WAIT_MS, (socket) => socket.end(textAnswer('400 Bad Request', PLAIN_HTTP_TO_TLS)))
}

const NOTHING = Buffer.alloc(0)
