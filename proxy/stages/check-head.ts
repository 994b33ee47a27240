import { Denial } from '../core/denial/denial.ts'
import type { Checked, Received } from '../exchange/exchange.ts'
import { markHeadChecked } from '../exchange/facts.ts'
import { NOT_A_PROXY } from '../core/http/misdirected.ts'

/** The methods that AWS services know. CONNECT and TRACE are for other servers (RFC 9110 9.3.6, 9.3.8). */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])

/** Fields that may come once only: readers disagree about which of several counts (RFC 9112 6.3). */
const ONCE = new Set(['host', 'content-length', 'transfer-encoding', 'content-type', 'expect'])

/** Refuses a head that two readers could read differently. The first stage of every route (rule S5, RFC 9112 3.2). */
export function checkHead() {
  return function checkHead(exchange: Received): Checked {
    if (exchange.httpVersion !== '1.1' && exchange.httpVersion !== '2') {
      throw new Denial('malformed_request', 'Only HTTP/1.1 and HTTP/2 are supported.')
    }
    if (!METHODS.has(exchange.method)) {
      throw new Denial('malformed_request', `The method ${exchange.method} is not supported.`)
    }
    checkTarget(exchange)
    const { headers } = exchange
    const twice = headers.repeated.find((name) => ONCE.has(name))
    if (twice !== undefined) throw new Denial('malformed_request', `The header ${twice} came more than once.`)
    if (!headers.has('host')) throw new Denial('malformed_request', 'The header Host is missing.')
    if (headers.has('upgrade')) throw new Denial('malformed_request', 'The header Upgrade is not supported.')
    if (headers.has('trailer'))
      throw new Denial('malformed_request', 'HTTP request trailers are not supported.')
    const expected = headers.one('expect')
    if (expected !== undefined && expected.toLowerCase() !== '100-continue') {
      throw new Denial('malformed_request', 'Expect may only be "100-continue".')
    }
    const coding = headers.one('transfer-encoding')
    if (coding !== undefined && coding.toLowerCase() !== 'chunked') {
      throw new Denial('malformed_request', 'Transfer-Encoding may only be "chunked".')
    }
    if (coding !== undefined && headers.has('content-length')) {
      throw new Denial('malformed_request', 'Content-Length and Transfer-Encoding must not come together.')
    }
    return markHeadChecked(exchange)
  }
}

function checkTarget({ path, query }: Received): void {
  if (/^https?:/i.test(path)) {
    throw new Denial('malformed_request', 'The request target is a whole URL, as for an HTTP proxy.', {
      next: NOT_A_PROXY,
    })
  }
  if (!path.startsWith('/')) {
    throw new Denial('malformed_request', 'The request target must start with "/".')
  }
  // eslint-disable-next-line no-control-regex -- it looks for control characters
  if (/[\u0000-\u0020\u007f-\uffff#]/.test(path) || /[\u0000-\u0020\u007f-\uffff#]/.test(query)) {
    throw new Denial('malformed_request', 'The path or query has a character that must be percent-encoded.')
  }
}
