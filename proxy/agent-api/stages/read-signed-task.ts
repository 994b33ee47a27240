import type { Agent } from '../../core/agent.ts'
import { Denial } from '../../core/denial/denial.ts'
import type { Admitted, Classified } from '../../exchange/exchange.ts'
import type { TaskPathChecked } from '../../exchange/facts.ts'
import { describeAgentRequest, type AgentRequest, type AgentRequested } from '../agent-request.ts'
import { MAX_BODY_BYTES, signedOpener } from '../opener.ts'
import { checkOwnRequest, ownBody } from '../own-request.ts'
import { taskRoute } from '../route.ts'
import { parseTaskBody } from '../task-request.ts'

/** A request to the tasks endpoint that a static key or a session signed. */
export interface SignedTaskRequested extends Classified, AgentRequested, TaskPathChecked {}

/** Reads a signed request to the tasks endpoint. A session opens tasks within its own task, and ends only that one. */
export function readSignedTask() {
  return async function readSignedTask(exchange: Admitted & TaskPathChecked): Promise<SignedTaskRequested> {
    checkOwnRequest(exchange)
    const route = taskRoute(exchange)
    const bytes = await ownBody(exchange, MAX_BODY_BYTES)
    const { agent } = exchange
    const request: AgentRequest =
      route.kind === 'open'
        ? {
            kind: 'open',
            wanted: { opener: signedOpener(agent), asked: parseTaskBody(bytes, agent.session?.task.id) },
            answerAs: undefined,
          }
        : { kind: route.kind, taskId: ownTask(agent, route.taskId) }
    return {
      ...exchange,
      ...describeAgentRequest(request),
      accountId: undefined,
      classedUnder: undefined,
      servicePath: exchange.path,
      outgoing: { kind: 'empty' },
    }
  }
}

/** Returns the task if the agent may end or read it: a session only its own, a static key any task of its agent. */
function ownTask({ session }: Agent, taskId: string): string {
  if (session === undefined || session.task.id === taskId) return taskId
  throw new Denial(
    'policy_denied',
    'Only its own credentials, or the identity that opened it, may end or read a task.',
  )
}
