/** Which requests are for Moderato itself, and which way each of them goes. None of them is ever forwarded. */
import { Denial } from '../core/denial/denial.ts'
import type { RequestHead } from '../core/http/request-head.ts'
import { isTaskId } from './task-request.ts'

/** No bucket's name can begin with a dot, so no path of AWS's begins so. */
const PREFIX = '/.moderato'
const TASKS = `${PREFIX}/v1/tasks`
export const SIGN_PATH = `${PREFIX}/v1/sign`

/**
 * - `call`: for AWS, and whatever is neither here nor there
 * - `webIdentity`: AssumeRoleWithWebIdentity, the one call of AWS's that is answered without a signature
 * - `sign`, `credentials`: the signing endpoint, the container credentials endpoint
 * - `signedTask`, `provedTask`: the tasks endpoint, with a signature, or with the token of an identity provider
 */
export type RouteName = 'call' | 'webIdentity' | 'sign' | 'credentials' | 'signedTask' | 'provedTask'

/** The way of a request, by its raw head alone. Whatever it claims is proved on that way. */
export function routeOf(head: RequestHead): RouteName {
  const { path, headers } = head
  if (!isAgentApi(head)) return isWebIdentity(head) ? 'webIdentity' : 'call'
  if (path === `${PREFIX}/v1/credentials`) return 'credentials'
  if (path !== TASKS && !path.startsWith(`${TASKS}/`)) return 'sign'
  const authorization = headers.one('authorization')
  return authorization === undefined || /^Bearer /i.test(authorization) ? 'provedTask' : 'signedTask'
}

/** Whether a request of the agent listener is for Moderato itself, by its raw path. */
export function isAgentApi({ path }: RequestHead): boolean {
  return path.startsWith(PREFIX) && (path.length === PREFIX.length || path[PREFIX.length] === '/')
}

/** SDKs send it as a form to the root of STS. What else comes so, unsigned, is refused on that way as on the other. */
function isWebIdentity({ method, path, query, headers }: RequestHead): boolean {
  if (method !== 'POST' || path !== '/' || query !== '' || headers.has('authorization')) return false
  return /^application\/x-www-form-urlencoded *(;|$)/i.test(headers.one('content-type') ?? '')
}

/** What the tasks endpoint is asked for: to open a task, to end one, or to tell how one stands. */
export type TaskRoute = { readonly kind: 'open' } | { readonly kind: 'end' | 'show'; readonly taskId: string }

/** Denials `unknown_path` and `malformed_request`, before anything is verified. */
export function taskRoute({ method, path, query }: RequestHead): TaskRoute {
  if (query !== '') throw new Denial('malformed_request', 'Parameters belong into the JSON body.')
  if (path === TASKS) {
    if (method !== 'POST') throw new Denial('malformed_request', 'Open a task with POST.')
    return { kind: 'open' }
  }
  const [name = '', verb, ...more] = path.slice(TASKS.length + 1).split('/')
  const taskId = decoded(name)
  if (!isTaskId(taskId) || more.length > 0 || (verb !== undefined && verb !== 'complete')) {
    throw new Denial('unknown_path', 'Nothing is served at this path.')
  }
  if (method === 'GET' && verb === undefined) return { kind: 'show', taskId }
  if (method !== (verb === undefined ? 'DELETE' : 'POST')) {
    throw new Denial(
      'malformed_request',
      'End a task with DELETE .../tasks/ID, or with POST .../tasks/ID/complete; GET .../tasks/ID tells how it stands.',
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
