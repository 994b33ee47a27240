/** Who may speak to the admin listener at all, judged on the head alone (rule S6). */
import type { IncomingMessage } from 'node:http'

export interface OriginRefusal {
  readonly status: number
  readonly error: string
  readonly message: string
}

/**
 * Refuses what a browser page of another site, or a DNS name that was bound to our address, could send: a `Host` that
 * is not ours, a foreign `Origin` or `Sec-Fetch-Site`, and writes that are not JSON (a form could send those).
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
      'This Host is not served here: use the address that Moderato printed.',
    )
  }
  const origins = request.headersDistinct['origin'] ?? []
  const foreign = origins.some((origin) => origin !== `http://${host}` && origin !== `https://${host}`)
  const sites = isVisit(request) ? [] : (request.headersDistinct['sec-fetch-site'] ?? [])
  if (foreign || sites.some((site) => site !== 'same-origin' && site !== 'none')) {
    return refusal(403, 'foreign_origin', 'Pages of other sites may not call the admin API.')
  }
  if (request.method === 'GET' || request.method === 'HEAD') return undefined
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase()
  if (type === 'application/json') return undefined
  return refusal(415, 'json_only', 'Send application/json.')
}

/** Somebody follows a link to the console, from a message for example: the page holds no data and decides nothing. */
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
