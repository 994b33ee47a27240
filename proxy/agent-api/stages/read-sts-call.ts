import { Denial } from '../../core/denial/denial.ts'
import type { Agent } from '../../core/agent.ts'
import type { Authorizable, Classified } from '../../exchange/exchange.ts'
import { describeAgentRequest, type AgentRequested } from '../agent-request.ts'
import { signedOpener } from '../opener.ts'
import { parseStsForm, taskParameters } from '../sts-form.ts'
import { stsTask } from '../task-request.ts'

/** A signed STS call that Moderato answers. */
export interface StsCalled extends Authorizable, AgentRequested {}

/** Reads the signed STS calls that are not forwarded. Denial `credentials_withheld` for those that nobody answers. */
export function readStsCall() {
  return function readStsCall(exchange: Authorizable): StsCalled {
    const { call, agent } = exchange
    if (call.operation === 'GetCallerIdentity') return { ...exchange, agentRequest: { kind: 'whoami' } }
    if (call.operation !== 'AssumeRole') {
      throw new Denial('credentials_withheld', `sts:${call.operation} would hand out AWS credentials.`)
    }
    const parameters = taskParameters(parseStsForm(formOf(exchange)))
    const answerAs = { action: call.operation, subject: undefined, audience: undefined } as const
    const wanted = { opener: signedOpener(agent), asked: stsTask(parameters) }
    return { ...exchange, ...describeAgentRequest({ kind: 'open', wanted, answerAs }) }
  }
}

/** The STS calls that hand out no credentials. All others do, whatever class an operator gives them. */
const FORWARDED: ReadonlySet<string> = new Set(['DecodeAuthorizationMessage', 'GetAccessKeyInfo'])

/** Tells whether a call must not be forwarded: STS would hand out credentials, or cannot know who a session is. */
export function isAnsweredHere(
  { agent, call }: Classified,
  accountOf: (agent: Agent) => string | undefined,
): boolean {
  if (call.service !== 'sts' || call.operation === null) return false
  if (call.operation === 'GetCallerIdentity')
    return agent.session !== undefined && accountOf(agent) !== undefined
  return !FORWARDED.has(call.operation)
}

/** Returns the parameters as they were signed, from the body or the query string. */
function formOf({ outgoing, reading }: Classified): Buffer {
  return outgoing.kind === 'buffered' && outgoing.bytes.length > 0
    ? outgoing.bytes
    : Buffer.from(reading.query)
}
