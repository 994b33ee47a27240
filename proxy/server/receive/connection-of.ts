/** Returns the connection of a request: all that is known of its sender before it is verified (rule S28). */
import type { Http2ServerRequest } from 'node:http2'
import type { Request } from '../../core/http/message.ts'

export function isHttp2(request: Request): request is Http2ServerRequest {
  return 'stream' in request
}

/** Returns the socket, or the session of HTTP/2. A stream that was reset has no session any more: it is alone. */
export function connectionOf(request: Request): object {
  return isHttp2(request) ? (request.stream.session ?? request.stream) : request.socket
}
