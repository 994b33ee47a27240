/** Describes the requests of agents to Moderato itself, and the call as which each is recorded. */
import type { Session } from '../core/agent.ts'
import type { Call, Protocol } from '../core/call.ts'
import type { Classified, Received } from '../exchange/exchange.ts'
import type { HeadChecked } from '../exchange/facts.ts'
import type { ProvedTaskRequest, TaskFacts } from '../exchange/task-opening.ts'
import type { TokenProof } from '../identity/providers/identities.ts'

/** Says what a request asks of Moderato itself. `answerAs`: as STS, as `credential_process`, or, if undefined, as this API. */
export type AgentRequest =
  | {
      readonly kind: 'open'
      readonly wanted: ProvedTaskRequest
      readonly answerAs: StsAnswer | 'process' | undefined
    }
  | { readonly kind: 'end' | 'show'; readonly taskId: string }
  | { readonly kind: 'renew'; readonly session: Session }
  | { readonly kind: 'whoami' }

/** The parts of an STS answer that come from the request. */
export interface StsAnswer {
  readonly action: 'AssumeRole' | 'AssumeRoleWithWebIdentity'
  readonly subject: string | undefined
  readonly audience: string | undefined
}

/** An exchange whose agent asks something of Moderato itself. A signature or an identity provider has proved the agent. */
export interface AgentRequested
  extends Received, HeadChecked, TaskFacts, Pick<Classified, 'agent' | 'payload' | 'call'> {
  readonly agentRequest: AgentRequest
  /** The token that came with it. */
  readonly proof?: TokenProof
}

/** Returns the call as which a request to Moderato itself is recorded, held and paced. */
export function ownCall(service: 'moderato' | 'sts', operation: string, classes: Call['classes']): Call {
  const protocol: Protocol = service === 'sts' ? 'query' : 'rest-json'
  return {
    service,
    model: service,
    operation,
    protocol,
    actions: [`${service}:${operation}`],
    resources: ['*'],
    count: 1,
    class: classes[0] ?? 'unknown',
    classes,
    traits: [],
    unmodelled: [],
    facts: {},
    accessLevel: classes[0] === 'read' ? 'Read' : 'Write',
    hostPrefix: '',
    bucket: undefined,
  }
}

/** Returns the request with the call and the task that describe it to records and holds. */
export function describeAgentRequest(
  agentRequest: AgentRequest,
): Pick<AgentRequested, 'agentRequest' | 'call' | 'taskRequest' | 'namedTask'> {
  switch (agentRequest.kind) {
    case 'open': {
      const { answerAs, wanted } = agentRequest
      const call =
        answerAs === undefined || answerAs === 'process'
          ? ownCall('moderato', 'OpenTask', ['credentials'])
          : ownCall('sts', answerAs.action, ['credentials'])
      return { agentRequest, call, taskRequest: wanted }
    }
    case 'end':
      return { agentRequest, call: ownCall('moderato', 'EndTask', ['write']), namedTask: agentRequest.taskId }
    case 'show':
      return { agentRequest, call: ownCall('moderato', 'GetTask', ['read']), namedTask: agentRequest.taskId }
    case 'renew':
      return { agentRequest, call: ownCall('moderato', 'GetCredentials', ['credentials']) }
    default:
      return { agentRequest, call: ownCall('sts', 'GetCallerIdentity', ['read']) }
  }
}
