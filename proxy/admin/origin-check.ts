/** Refuses callers that may not use the admin listener at all, from the head of the request (rule S6). */
import type { IncomingMessage } from 'node:http'

export interface OriginRefusal {
  readonly status: number
  readonly error: string
  readonly message: string
}

/**
 * Refuses what a page of another site, or a DNS name that was bound to our address, could send: a `Host` that is not
 * ours, a foreign `Origin` or `Sec-Fetch-Site`, and writes that are not JSON (a form could send those). Returns undefined
 * if the request is allowed.
 */
export function checkOrigin(
  request: IncomingMessage,
  hosts: { has(host: string): boolean },
): OriginRefusal | undefined {
  const hostFields = request.headersDistinct['host'] ?? []
  const host = (hostFields[0] ?? '').toLowerCase()
  if (hostFields.length !== 1 || !hosts.has(host)) {
    return refusal(
      421,
      'misdirected_request',
      'Moderato does not know this Host: use the address that it printed.',
    )
  }
  const origins = request.headersDistinct['origin'] ?? []
  const foreign = origins.some((origin) => origin !== `http://${host}` && origin !== `https://${host}`)
  const sites = isVisit(request) ? [] : (request.headersDistinct['sec-fetch-site'] ?? [])
  if (foreign || sites.some((site) => site !== 'same-origin' && site !== 'none')) {
    return refusal(403, 'foreign_origin', 'Web pages of other sites may not call the admin API.')
  }
  if (request.method === 'GET' || request.method === 'HEAD') return undefined
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase()
  if (type === 'application/json') return undefined
  return refusal(415, 'json_only', 'Send the header content-type: application/json.')
}

/** Tells whether somebody follows a link to the console, from a message for example: the page has no data and decides nothing. */
function isVisit({ method, url, headers }: IncomingMessage): boolean {
  return (
    method === 'GET' &&
    url === '/' &&
    headers['sec-fetch-mode'] === 'navigate' &&
    headers['sec-fetch-dest'] === 'document'
  )
}

export const UNAUTHORIZED: OriginRefusal = {
  status: 401,
  error: 'token_required',
  message: 'Send your token, or the admin token of stateDir/admin-token: Authorization: Bearer TOKEN.',
}

function refusal(status: number, error: string, message: string): OriginRefusal {
  return { status, error, message }
}
