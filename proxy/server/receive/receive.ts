/** Turns one request of HTTP/1.1 or HTTP/2 into `Received`; its path is kept byte for byte. */
import { randomUUID } from 'node:crypto'
import { clientCertificates } from '../../core/http/client-certificates.ts'
import { ClientGone } from '../../core/http/client-signal.ts'
import type { Reply, Request } from '../../core/http/message.ts'
import type { Received } from '../../exchange/exchange.ts'
import { HeaderFields } from '../../core/http/headers.ts'
import type { Clock } from '../../core/ports.ts'
import type { OpenConnections } from '../../core/open-connections.ts'
import type { BufferBudget } from '../../core/buffer-budget.ts'
import { MessageBody } from './body.ts'
import { connectionOf, isHttp2 } from './connection-of.ts'
import type { BodyLimits } from '../../core/http/body-limits.ts'

/** Declares what `receive` needs. */
export interface ReceiveOptions {
  readonly clock: Clock
  readonly limits: BodyLimits
  readonly budget: BufferBudget
  readonly connections: OpenConnections
}

/**
 * Returns a function that makes the exchange with which a run starts. It never throws: `checkHead` finds a bad head inside
 * the recorded run, so that a malformed request leaves a record as any other.
 */
export function receive(options: ReceiveOptions) {
  return function received(request: Request, reply: Reply, expectsContinue: boolean): Received {
    const target = request.url ?? ''
    const mark = target.indexOf('?')
    const gone = new ClientGone()
    reply.on('close', () => {
      if (!reply.writableFinished) gone.abort()
    })
    return {
      requestId: randomUUID(),
      httpVersion: isHttp2(request) ? '2' : request.httpVersion,
      receivedAtMs: options.clock.nowMs(),
      method: request.method ?? '',
      path: mark < 0 ? target : target.slice(0, mark),
      query: mark < 0 ? '' : target.slice(mark + 1),
      headers: new HeaderFields(fieldsOf(request)),
      body: new MessageBody(request, reply, expectsContinue, options.limits, options.budget),
      client: {
        address: request.socket.remoteAddress ?? '',
        gone,
        verifiedAs: (agent) => options.connections.verified(connectionOf(request), agent),
        certificates: () => clientCertificates(request.socket),
      },
      reply,
    }
  }
}

/**
 * Returns the fields without pseudo-fields; `:authority` becomes Host (RFC 9113 8.3.1). A Host beside it with another value
 * is kept, so that it is refused as repeated.
 */
function fieldsOf(request: Request): readonly string[] {
  if (!isHttp2(request)) return request.rawHeaders
  const { authority, rawHeaders } = request
  const fields = authority === undefined || authority === '' ? [] : ['host', authority]
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    const value = rawHeaders[i + 1] as string
    if (!name.startsWith(':') && !(name === 'host' && value === fields[1])) fields.push(name, value)
  }
  return fields
}
