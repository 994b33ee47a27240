/** Which requests are for Moderato itself, and which of them it serves. None of them is ever forwarded. */
import { Denial } from '../denial.ts'
import type { Received, RequestHead } from '../exchange.ts'

/** No bucket's name can begin with a dot, so no path of AWS's begins so. */
const PREFIX = '/.moderato'

/** Whether a request of the agent listener is for Moderato itself, by its raw path. */
export function isAgentApi({ path }: RequestHead): boolean {
  return path.startsWith(PREFIX) && (path.length === PREFIX.length || path[PREFIX.length] === '/')
}

/** Refuses what is not served, before anything is verified: denial `unknown_path`, or `malformed_request`. */
export function route() {
  return function route(exchange: Received): Received {
    const { method, path, query } = exchange
    if (path !== `${PREFIX}/v1/sign`) throw new Denial('unknown_path', 'Nothing is served at this path.')
    if (method !== 'POST') throw new Denial('malformed_request', 'Only POST is served here.')
    if (query !== '') throw new Denial('malformed_request', 'Parameters belong into the JSON body.')
    return exchange
  }
}
