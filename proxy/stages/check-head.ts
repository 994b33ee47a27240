import { Denial } from '../core/denial/denial.ts'
import type { Checked, Received } from '../exchange/exchange.ts'
import { markHeadChecked } from '../exchange/facts.ts'

/** The methods that AWS services know. CONNECT and TRACE have no business here (RFC 9110 9.3.6, 9.3.8). */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])

/** Fields that may come once only: their meaning differs by reader otherwise (RFC 9112 6.3). */
const ONCE = new Set(['host', 'content-length', 'transfer-encoding', 'content-type', 'expect'])

/** Refuses a head that two readers could read in two ways; the first stage of every route (security rule S5, RFC 9112 3.2). */
export function checkHead() {
  return function checkHead(exchange: Received): Checked {
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
    return markHeadChecked(exchange)
  }
}
