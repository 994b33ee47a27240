/** Asks policy whether a call may go on. */
import { policyAgent, type PolicyEngine, type PolicyInput, type PolicyVerdict } from '../../policy/engine.ts'
import type { Session } from '../core/agent.ts'
import type { Authorizable, Decided, Decision, UnderBreakglass } from '../exchange/exchange.ts'
import { changesState } from '../core/action-class.ts'
import { Denial } from '../core/denial/denial.ts'
import { callFields, type Call } from '../core/call.ts'
import type { Clock } from '../core/ports.ts'

/** Declares what `decide` needs. The settings are read again for every call, since a reload swaps them. */
export interface DecideDeps {
  readonly policy: () => PolicyEngine
  readonly mode: () => 'enforce' | 'observe'
  /** Returns `service:Operation:name` of parameters that may go on although the catalogue lacks them (rule S15). */
  readonly allowUnmodelled: () => ReadonlySet<string>
  readonly clock: Clock
  readonly observeEvaluationSeconds?: (seconds: number) => void
}

const MAX_DETAIL_LENGTH = 2048

/** Returns the policy's input for a call. Audit keeps the same facts, and `explain` shows them. */
export function policyInput(
  agent: { readonly id: string; readonly root?: string; readonly session?: Session | undefined },
  call: PolicyFacts,
  region: string,
  nowMs: number,
  breakglass?: UnderBreakglass,
): PolicyInput {
  const task = agent.session?.task
  return {
    agent: policyAgent(agent.id, agent.root),
    call: {
      ...callFields(call),
      accessLevel: call.accessLevel,
      facts: call.facts,
      region,
    },
    timeSeconds: Math.floor(nowMs / 1000),
    ...(task === undefined ? {} : { task: { id: task.id, scopes: task.scopes } }),
    ...(breakglass === undefined
      ? {}
      : { breakglass: { id: breakglass.id, classes: breakglass.classes, resources: breakglass.resources } }),
  }
}

/** A call without the members that only the wire needs. */
export type PolicyFacts = Omit<Call, 'model' | 'protocol' | 'hostPrefix' | 'bucket' | 'unmodelled'>

/**
 * Lets a call go on if policy allows it. In observe mode a call that policy denies, or wants approved, goes on with
 * `wouldDeny` set, unless it issues credentials (rule S7). Denials: `policy_error` if the engine fails, `policy_denied`
 * with the rules' messages, and, whatever policy says, `unclassified` for class `unknown` and `unmodelled` for a change
 * with parameters that neither the catalogue nor an operator names.
 */
export function decide(deps: DecideDeps) {
  return function decide<Exchange extends Authorizable>(exchange: Exchange): Exchange & Decided {
    const { agent, call, authorization, breakglass } = exchange
    const engine = deps.policy()
    const input = policyInput(agent, call, authorization.scope.region, deps.clock.nowMs(), breakglass)
    const verdict = evaluate(engine, input, deps.observeEvaluationSeconds)
    const policy = { engine: engine.name, revision: engine.revision, rules: verdict.rules }
    if (isOf(call, 'unknown')) throw new Denial('unclassified', unclassifiedDetail(call, verdict), { policy })
    const unknown = changesState(call.classes) ? unknownParameters(call, deps.allowUnmodelled()) : []
    if (unknown.length > 0) throw new Denial('unmodelled', unmodelledDetail(call, unknown), { policy })
    if (!verdict.allow && (deps.mode() === 'enforce' || isOf(call, 'credentials'))) {
      throw new Denial('policy_denied', messageOf(verdict), {
        policy,
        by: { kind: 'policy', rules: verdict.rules },
      })
    }
    return { ...exchange, decision: { ...policy, ...neededApprovals(verdict, deps.mode(), call) } }
  }
}

/** Returns the approvals that the call needs, or would need if the mode were enforce. */
function neededApprovals(
  { allow, approvals, messages, rules, asks }: PolicyVerdict,
  mode: 'enforce' | 'observe',
  call: Call,
): Pick<Decision, 'wouldDeny' | 'approvals' | 'why' | 'askedBy'> {
  const enforced = mode === 'enforce' || isOf(call, 'credentials')
  if (!allow) return { wouldDeny: 'policy_denied', approvals: 0, why: [] }
  if (approvals === 0) return { wouldDeny: undefined, approvals, why: messages }
  // A bundle that does not name the rules of the configuration has rules of its own that ask.
  const askedBy = asks ?? rules.filter((name) => name.endsWith('.ask'))
  if (!enforced) return { wouldDeny: 'approval_required', approvals: 0, why: [], askedBy }
  return { wouldDeny: undefined, approvals, why: messages, askedBy }
}

function evaluate(
  engine: PolicyEngine,
  input: PolicyInput,
  observeSeconds: DecideDeps['observeEvaluationSeconds'],
): PolicyVerdict {
  const startMs = performance.now()
  try {
    return engine.evaluate(input)
  } catch (cause) {
    const policy = { engine: engine.name, revision: engine.revision, rules: [] }
    throw new Denial('policy_error', 'The policy could not be evaluated, so the call was not forwarded.', {
      cause,
      policy,
    })
  } finally {
    observeSeconds?.((performance.now() - startMs) / 1000)
  }
}

function unknownParameters({ service, operation, unmodelled }: Call, allowed: ReadonlySet<string>): string[] {
  return unmodelled.filter((name) => !allowed.has(`${service}:${operation}:${name}`))
}

function unmodelledDetail({ service, operation }: Call, names: readonly string[]): string {
  const quoted = names.map((each) => JSON.stringify(each)).join(', ')
  return `The catalogue does not know these parameters of ${service}:${operation}: ${quoted}.`.slice(
    0,
    MAX_DETAIL_LENGTH,
  )
}

function isOf(call: Call, name: Call['class']): boolean {
  return call.class === name || call.classes.includes(name)
}

/** Joins the rules' messages. The text is bounded, since they quote resources, whose length the agent chooses. */
function messageOf(verdict: PolicyVerdict): string {
  return verdict.messages.join(' ').slice(0, MAX_DETAIL_LENGTH)
}

function unclassifiedDetail(call: Call, verdict: PolicyVerdict): string {
  if (verdict.messages.length > 0) return messageOf(verdict)
  return `The catalogue does not know this operation of service ${call.service}.`
}
