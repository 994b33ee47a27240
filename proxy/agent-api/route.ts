/** Finds the route of each request by its raw head. Requests to Moderato itself are never forwarded. */
import { Denial } from '../core/denial/denial.ts'
import type { RequestHead } from '../core/http/request-head.ts'
import { isTaskId } from './task-request.ts'

/** No bucket's name can begin with a dot, so no path of AWS begins with this. */
const PREFIX = '/.moderato'
const TASKS = `${PREFIX}/v1/tasks`
/** The signing endpoint is at this path. */
export const SIGN_PATH = `${PREFIX}/v1/sign`

/**
 * Names the route of a request:
 *
 * - `call`: a call of AWS, and every request that no other route serves
 * - `webIdentity`: AssumeRoleWithWebIdentity, the one AWS call that is answered without a signature
 * - `sign`, `credentials`: the signing endpoint, the container credentials endpoint
 * - `signedTask`, `provedTask`: the tasks endpoint, with a signature, or with the token of an identity provider
 */
export type RouteName = 'call' | 'webIdentity' | 'sign' | 'credentials' | 'signedTask' | 'provedTask'

/** Returns the route of a request, by its raw head alone. That route proves what the head claims. */
export function routeOf(head: RequestHead): RouteName {
  const { path, headers } = head
  if (!isAgentApi(head)) return isWebIdentity(head) ? 'webIdentity' : 'call'
  if (path === `${PREFIX}/v1/credentials`) return 'credentials'
  if (path !== TASKS && !path.startsWith(`${TASKS}/`)) return 'sign'
  const authorization = headers.one('authorization')
  return authorization === undefined || /^Bearer /i.test(authorization) ? 'provedTask' : 'signedTask'
}

/** Tells whether a request on the agent listener is for Moderato itself, by its raw path. */
export function isAgentApi({ path }: RequestHead): boolean {
  return path.startsWith(PREFIX) && (path.length === PREFIX.length || path[PREFIX.length] === '/')
}

/** Recognizes the form that SDKs post to the root of STS. Both routes refuse any other unsigned request of this shape. */
function isWebIdentity({ method, path, query, headers }: RequestHead): boolean {
  if (method !== 'POST' || path !== '/' || query !== '' || headers.has('authorization')) return false
  return /^application\/x-www-form-urlencoded *(;|$)/i.test(headers.one('content-type') ?? '')
}

/** An operation of the tasks endpoint: to open a task, to end one, or to show its state. */
export type TaskRoute = { readonly kind: 'open' } | { readonly kind: 'end' | 'show'; readonly taskId: string }

/** Returns the operation of a request to the tasks endpoint. Denials `unknown_path` and `malformed_request`. */
export function taskRoute({ method, path, query }: RequestHead): TaskRoute {
  if (query !== '') throw new Denial('malformed_request', 'Put parameters into the JSON body, not the query.')
  if (path === TASKS) {
    if (method !== 'POST') throw new Denial('malformed_request', 'Open a task with POST.')
    return { kind: 'open' }
  }
  const [name = '', verb, ...more] = path.slice(TASKS.length + 1).split('/')
  const taskId = decoded(name)
  if (!isTaskId(taskId) || more.length > 0 || (verb !== undefined && verb !== 'complete')) {
    throw new Denial('unknown_path', 'There is nothing at this path.')
  }
  if (method === 'GET' && verb === undefined) return { kind: 'show', taskId }
  if (method !== (verb === undefined ? 'DELETE' : 'POST')) {
    throw new Denial(
      'malformed_request',
      'End a task with DELETE .../tasks/ID or POST .../tasks/ID/complete; show its state with GET .../tasks/ID.',
    )
  }
  return { kind: 'end', taskId }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}
