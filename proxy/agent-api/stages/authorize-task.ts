import { markTaskAuthorized, type IssuancePaced, type TaskAuthorized } from '../../exchange/facts.ts'
import type { Tasks } from '../../identity/tasks.ts'
import type { AgentRequested } from '../agent-request.ts'

/**
 * Asks policy whether a task may be opened, and with which rights. The opener is proved, checked for holds and paced
 * before, since each question costs policy some time. Denials: those of `Tasks.judge`.
 */
export function authorizeTask({ tasks }: { readonly tasks: Pick<Tasks, 'judge'> }) {
  return function authorizeTask<Exchange extends AgentRequested & IssuancePaced>(
    exchange: Exchange,
  ): Exchange & TaskAuthorized {
    const { agentRequest: request } = exchange
    if (request.kind !== 'open') return markTaskAuthorized(exchange)
    const taskGrant = tasks.judge(request.wanted.opener, request.wanted.asked)
    return markTaskAuthorized({ ...exchange, taskGrant })
  }
}
