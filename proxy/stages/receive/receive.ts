/** The edge: turns one request of HTTP/1.1 or HTTP/2 into `Received`, its path kept byte for byte. */
import { randomUUID } from 'node:crypto'
import { clientCertificates } from '../../core/http/client-certificates.ts'
import { Denial } from '../../core/denial/denial.ts'
import { ClientGone } from '../../core/http/client-signal.ts'
import type { Reply, Request } from '../../core/http/message.ts'
import type { Received } from '../../exchange/exchange.ts'
import { HeaderFields } from '../../core/http/headers.ts'
import type { Clock } from '../../core/ports.ts'
import type { BufferBudget } from '../../core/buffer-budget.ts'
import { isHttp2, MessageBody } from './body.ts'
import type { BodyLimits } from './body-limits.ts'

export interface ReceiveOptions {
  readonly clock: Clock
  readonly limits: BodyLimits
  readonly budget: BufferBudget
}

/** The methods that AWS services know. CONNECT and TRACE have no business here (RFC 9110 9.3.6, 9.3.8). */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])

/** Fields that may come once only: their meaning differs by reader otherwise (RFC 9112 6.3). */
const ONCE = new Set(['host', 'content-length', 'transfer-encoding', 'content-type', 'expect'])

/**
 * What the run of a request starts from. It never throws: what is wrong with the head is found by `checkHead`, inside
 * the recorded run, so that a malformed request leaves a record as any other does.
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
        certificates: () => clientCertificates(request.socket),
      },
      reply,
    }
  }
}

/**
 * The fields without pseudo-fields; `:authority` is what HTTP/1.1 calls Host (RFC 9113 8.3.1). A Host beside it that
 * says something else is kept, and refused for having come twice.
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

/** The first stage: refuses a head that two readers could read in two ways (security rule S5, RFC 9112 3.2). */
export function checkHead() {
  return function receive(exchange: Received): Received {
    if (exchange.httpVersion !== '1.1' && exchange.httpVersion !== '2') {
      throw new Denial('malformed_request', 'Only HTTP/1.1 and HTTP/2 are served.')
    }
    if (!METHODS.has(exchange.method)) {
      throw new Denial('malformed_request', `The method ${exchange.method} is not served.`)
    }
    if (!exchange.path.startsWith('/')) {
      throw new Denial('malformed_request', 'The request target must start with "/".')
    }
    // eslint-disable-next-line no-control-regex -- the point is to find them
    if (
      /[\u0000-\u0020\u007f-\uffff#]/.test(exchange.path) ||
      /[\u0000-\u0020\u007f-\uffff#]/.test(exchange.query)
    ) {
      throw new Denial(
        'malformed_request',
        'The request target has a character that must be percent-encoded.',
      )
    }
    const { headers } = exchange
    const twice = headers.repeated.find((name) => ONCE.has(name))
    if (twice !== undefined) throw new Denial('malformed_request', `The field ${twice} came twice.`)
    if (!headers.has('host')) throw new Denial('malformed_request', 'The Host field is missing.')
    if (headers.has('upgrade')) throw new Denial('malformed_request', 'Upgrade is not served here.')
    if (headers.has('trailer')) throw new Denial('malformed_request', 'HTTP request trailers are not served.')
    const expected = headers.one('expect')
    if (expected !== undefined && expected.toLowerCase() !== '100-continue') {
      throw new Denial('malformed_request', 'Expect may only be "100-continue".')
    }
    const coding = headers.one('transfer-encoding')
    if (coding !== undefined && coding.toLowerCase() !== 'chunked') {
      throw new Denial('malformed_request', 'Transfer-Encoding may only be "chunked".')
    }
    if (coding !== undefined && headers.has('content-length')) {
      throw new Denial('malformed_request', 'Content-Length and Transfer-Encoding came together.')
    }
    return exchange
  }
}
