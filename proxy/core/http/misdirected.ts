/** Says in words what a client sent to the wrong place, and what to use instead. */
import type { RequestHead } from './request-head.ts'

/** Names the listeners, by the part of the configuration that they come from. */
export type ListenerName = 'listen' | 'admin'

const PLAIN_HTTP = /^(?:GET|HEAD|POST|PUT|DELETE|PATCH|OPTIONS|CONNECT|TRACE|PRI) /

/** Tells whether these first bytes of a connection begin a request of plain HTTP. */
export function isPlainHttp(bytes: Buffer): boolean {
  return PLAIN_HTTP.test(bytes.toString('latin1', 0, 8))
}

export const PLAIN_HTTP_TO_TLS =
  'This port speaks TLS, and the client sent plain HTTP. Use https:// in its URL.'

export const NOT_A_PROXY =
  'Moderato is no HTTP proxy. Unset HTTP_PROXY and HTTPS_PROXY for this client, and set AWS_ENDPOINT_URL to the address of ' +
  'this port.'

export const NO_UPGRADE =
  'There is no upgrade to another protocol here. Send HTTP/1.1, or HTTP/2 from the first byte on.'

const NOT_HTTP = 'The bytes are not a valid and unambiguous HTTP request.'

/** Returns what the first bytes of a connection to a plain port are, if they are no request that can be read. */
export function wordsForBytes(bytes: Buffer, listener: ListenerName): string {
  const text = bytes.toString('latin1', 0, 24)
  if (text.startsWith('\u0016\u0003')) {
    return `This port speaks plain HTTP, and the client began a TLS handshake. Use http:// in its URL, or configure ${listener}.tls.`
  }
  if (text.startsWith('PROXY ') || text.startsWith('\r\n\r\n\0\r\nQUIT')) {
    return 'The PROXY protocol is not supported. Switch it off in the load balancer.'
  }
  if (text.startsWith('PRI * HTTP/2'))
    return 'This port speaks HTTP/1.1, and the client began HTTP/2. Use HTTP/1.1.'
  if (/^(?:SSH-|\*\d+\r\n|EHLO |HELO )/.test(text))
    return 'This port speaks HTTP, and the client another protocol.'
  return NOT_HTTP
}

/** Says what is wrong, and what to do instead. */
export interface Misdirection {
  readonly detail: string
  readonly next: string
}

const ADMIN_PATH = /^\/(?:v1(?:\/|$)|(?:healthz?|readyz|livez|metrics|openapi\.json)$)/
const AT_ADMIN =
  'Use the address of listen.admin, port 8081 by default: the console, /healthz, /readyz and /metrics are there.'

/** Returns what an unsigned request to the agent listener looks for, if it is not a call of an agent. */
export function misdirectedHead({ path, headers }: RequestHead): Misdirection | undefined {
  const authorization = headers.one('authorization')
  if (authorization !== undefined && !/^Bearer /i.test(authorization)) return undefined
  if (ADMIN_PATH.test(path)) {
    return {
      detail: 'This port is for calls of agents, and this is a request of an operator or a probe.',
      next: AT_ADMIN,
    }
  }
  const accepts = headers.all('accept').join()
  if (
    authorization === undefined &&
    (headers.one('sec-fetch-mode') === 'navigate' || accepts.includes('text/html'))
  ) {
    return { detail: 'This port is for calls of agents, and this is a web browser.', next: AT_ADMIN }
  }
  return undefined
}

/** Tells whether a request to the admin listener is a call of an agent: signed as AWS calls are, or for the agent API. */
export function isAgentCall({ path, query, headers }: RequestHead): boolean {
  const authorization = headers.one('authorization') ?? ''
  if (/^AWS(?:4-[A-Z0-9-]+)? /.test(authorization) || /(?:^|&)X-Amz-Signature=/i.test(query)) return true
  if (headers.has('x-amz-target') || headers.has('x-amz-date') || headers.has('amz-sdk-invocation-id'))
    return true
  return path === '/.moderato' || path.startsWith('/.moderato/')
}

export const AGENT_AT_ADMIN: Misdirection = {
  detail: 'This is the admin port of Moderato, and this is a call of an agent.',
  next: 'Set AWS_ENDPOINT_URL to the address of listen.agents, port 8080 by default.',
}
