/** What an agent asks of Moderato itself, once it is known who asks, and how that is described to the records. */
import type { Session } from '../core/agent.ts'
import type { Classified, Received } from '../exchange/exchange.ts'
import type { Call, Protocol } from '../core/call.ts'
import type { TokenProof } from '../identity/identities.ts'
import type { TaskGrant, ProvedTaskRequest } from '../exchange/task-opening.ts'

/** Answered in the words of STS, of `credential_process`, of this API, or of the container credentials endpoint. */
export type AgentRequest =
  | {
      readonly kind: 'open'
      readonly wanted: ProvedTaskRequest
      readonly words: StsWords | 'process' | undefined
    }
  | { readonly kind: 'end' | 'show'; readonly taskId: string }
  | { readonly kind: 'renew'; readonly session: Session }
  | { readonly kind: 'whoami' }

export interface StsWords {
  readonly action: 'AssumeRole' | 'AssumeRoleWithWebIdentity'
  readonly subject: string | undefined
  readonly audience: string | undefined
}

/** Received, with who asks what: proved by a signature, or by a token of its identity provider. */
export interface AskingExchange extends Received, Pick<Classified, 'agent' | 'payload' | 'call'> {
  readonly ask: AgentRequest
  readonly wantedTask?: ProvedTaskRequest
  /** Once policy was asked. */
  readonly opening?: TaskGrant
  /** The token that it came with. */
  readonly proof?: TokenProof
}

/** As a call of a service, since records and restraints know calls. */
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

/** What an exchange is described by, for each kind of asking. */
export function described(ask: AgentRequest): {
  readonly call: Call
  readonly wantedTask?: ProvedTaskRequest
  readonly namedTask?: string
} {
  switch (ask.kind) {
    case 'open': {
      const { words, wanted } = ask
      const call =
        words === undefined || words === 'process'
          ? ownCall('moderato', 'OpenTask', ['credentials'])
          : ownCall('sts', words.action, ['credentials'])
      return { call, wantedTask: wanted }
    }
    case 'end':
      return { call: ownCall('moderato', 'EndTask', ['write']), namedTask: ask.taskId }
    case 'show':
      return { call: ownCall('moderato', 'GetTask', ['read']), namedTask: ask.taskId }
    case 'renew':
      return { call: ownCall('moderato', 'GetCredentials', ['credentials']) }
    default:
      return { call: ownCall('sts', 'GetCallerIdentity', ['read']) }
  }
}
