import { Denial } from '../../core/denial/denial.ts'
import type { Agent } from '../../core/agent.ts'
import type { Authorizable, Classified } from '../../exchange/exchange.ts'
import { describeAgentRequest, type AgentRequested } from '../agent-request.ts'
import { signedOpener } from '../opener.ts'
import { parseStsForm, stsTask } from '../task-request.ts'

/** A signed call of STS that is answered here. */
export interface StsCalled extends Authorizable, AgentRequested {}

/** Reads the signed calls of STS that are answered here, or by nobody. Denial `credentials_withheld`. */
export function readStsCall() {
  return function readStsCall(exchange: Authorizable): StsCalled {
    const { call, agent } = exchange
    if (call.operation === 'GetCallerIdentity') return { ...exchange, agentRequest: { kind: 'whoami' } }
    if (call.operation !== 'AssumeRole') {
      throw new Denial('credentials_withheld', `sts:${call.operation} would hand out credentials of AWS.`)
    }
    const { parameters } = parseStsForm(formOf(exchange))
    const answerAs = { action: call.operation, subject: undefined, audience: undefined } as const
    const wanted = { opener: signedOpener(agent), asked: stsTask(parameters) }
    return { ...exchange, ...describeAgentRequest({ kind: 'open', wanted, answerAs }) }
  }
}

/** Whatever else STS does hands out credentials, however an operator may class it. */
const PASSED_ON: ReadonlySet<string> = new Set(['DecodeAuthorizationMessage', 'GetAccessKeyInfo'])

/** Tells whether a call of STS hands out credentials, or asks who a session is, which AWS cannot know: never passed on. */
export function isAnsweredHere(
  { agent, call }: Classified,
  accountOf: (agent: Agent) => string | undefined,
): boolean {
  if (call.service !== 'sts' || call.operation === null) return false
  if (call.operation === 'GetCallerIdentity')
    return agent.session !== undefined && accountOf(agent) !== undefined
  return !PASSED_ON.has(call.operation)
}

/** The parameters as they were signed, in the body or in the query string. */
function formOf({ outgoing, reading }: Classified): Buffer {
  return outgoing.kind === 'buffered' && outgoing.bytes.length > 0
    ? outgoing.bytes
    : Buffer.from(reading.query)
}
