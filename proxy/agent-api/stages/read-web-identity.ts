import { Denial } from '../../core/denial/denial.ts'
import type { Checked } from '../../exchange/exchange.ts'
import { markUnreplayed, type Unreplayed } from '../../exchange/facts.ts'
import { describeAgentRequest, type AgentRequested } from '../agent-request.ts'
import { MAX_BODY_BYTES, provedBy, provedOpener, type ProveDeps } from '../opener.ts'
import { smallBody } from '../own-request.ts'
import { parseStsForm, taskParameters } from '../sts-form.ts'
import { stsTask } from '../task-request.ts'

/** Reads AssumeRoleWithWebIdentity, whose token is in the form (STS API Reference), and refuses other unsigned requests. */
export function readWebIdentity({ identities }: ProveDeps) {
  return async function readWebIdentity(exchange: Checked): Promise<AgentRequested & Unreplayed> {
    const bytes = await smallBody(exchange, MAX_BODY_BYTES)
    const form = parseStsForm(bytes)
    const { action } = form
    if (action !== 'AssumeRoleWithWebIdentity') {
      throw new Denial(
        'missing_credential',
        'The request has no Authorization header, and no signature in its query.',
      )
    }
    const parameters = taskParameters(form, 'WebIdentityToken')
    const asked = stsTask(parameters)
    const workload = await identities.ofToken(parameters['WebIdentityToken'] ?? '')
    const { subject, audience } = workload
    const wanted = { opener: provedOpener(workload), asked }
    const described = describeAgentRequest({ kind: 'open', wanted, answerAs: { action, subject, audience } })
    return markUnreplayed({ ...exchange, ...provedBy(workload, bytes), ...described })
  }
}
