/** Answers, records and cuts connections whose bytes are no request that can be read. */
import type { Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { NO_UPGRADE, NOT_A_PROXY, PLAIN_HTTP_TO_TLS, wordsForBytes } from '../core/http/misdirected.ts'
import { statusOfParserError, textAnswer } from '../core/http/text-answer.ts'

/** Records that an address sent bytes that are not a request; `words` say what they are. Returns the id of the record. */
export type RecordUnreadable = (address: string, words: string) => string

const LAST_REPLY = Symbol('the reply to the last request on a connection')

export interface Serving extends Duplex {
  [LAST_REPLY]?: ServerResponse
}

/** Remembers the reply to the request that is read on a connection: an error of the connection belongs to it. */
export function repliesWith(socket: Serving, reply: ServerResponse): void {
  socket[LAST_REPLY] = reply
}

/** Nobody waits for an answer: the client left, or sent more after the request that it declared its last. */
const NO_ANSWER_FOR: ReadonlySet<string> = new Set(['ECONNRESET', 'HPE_CLOSED_CONNECTION'])

type ClientError = NodeJS.ErrnoException & { readonly rawPacket?: Buffer }

/** Refuses what Node's parser refuses, and requests for another protocol, in words. */
export function refuseUnreadable(server: Server, unreadable: RecordUnreadable): void {
  const refuse = (socket: Serving, status: string, words: string): void => {
    // If a request is in flight, the error belongs to it, and its run records it.
    const last = socket[LAST_REPLY]
    const reply = last?.closed === false ? last : undefined
    if (socket.writable && reply?.headersSent !== true) {
      const requestId = reply === undefined ? unreadable(addressOf(socket), words) : undefined
      socket.write(refusal(status, words, requestId))
    }
    socket.destroy()
  }
  server.on('clientError', ({ code = '', rawPacket }: ClientError, socket: Serving) => {
    const leftAfterAnswer = code === 'HPE_INVALID_EOF_STATE' && socket[LAST_REPLY] !== undefined
    if (NO_ANSWER_FOR.has(code) || leftAfterAnswer) socket.destroy()
    else refuse(socket, statusOfParserError(code), wordsForBytes(rawPacket ?? NOTHING, 'listen'))
  })
  server.on('upgrade', (_request, socket: Serving) => refuse(socket, '400 Bad Request', NO_UPGRADE))
  server.on('connect', (_request, socket: Serving) => refuse(socket, '405 Method Not Allowed', NOT_A_PROXY))
}

const NOTHING = Buffer.alloc(0)

/** Refuses a connection that began with plain HTTP although the port speaks TLS. */
export function refusePlain(socket: Duplex, unreadable: RecordUnreadable): void {
  const requestId = unreadable(addressOf(socket), PLAIN_HTTP_TO_TLS)
  socket.end(refusal('400 Bad Request', PLAIN_HTTP_TO_TLS, requestId))
  // What else it sends is not read.
  socket.once('finish', () => socket.destroy())
}

/** Returns a refusal with the id of its record. */
function refusal(status: string, words: string, requestId: string | undefined): string {
  if (requestId === undefined) return textAnswer(status, words)
  const fields = [`x-moderato-request-id: ${requestId}`, 'x-moderato-decision: deny']
  return textAnswer(status, `${words} (moderato request ${requestId}, reason malformed_request)`, fields)
}

function addressOf(socket: Duplex): string {
  return 'remoteAddress' in socket ? String(socket.remoteAddress) : ''
}
