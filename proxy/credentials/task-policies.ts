/** Makes the session policies that may be asked for a call, the best first, once for a task and a service. */
import type { PolicyGrant } from '../../policy/types.ts'
import type { Agent } from '../core/agent.ts'
import { Denial } from '../core/denial/denial.ts'
import type { Paced } from '../exchange/exchange.ts'
import type { ServiceActions } from './service-actions.ts'
import {
  callPolicies,
  policyCovers,
  grantPolicy,
  serviceKey,
  type GrantPolicy,
  type Narrowing,
} from './session-policy.ts'

export interface TaskPoliciesOptions {
  /** Returns an agent's grants in force; compared by identity. */
  readonly grantsOf: (agent: Agent) => readonly PolicyGrant[] | undefined
  readonly actionsOf: (prefix: string) => ServiceActions
}

/** Holds a policy to ask for, and whether it is the task's or was made for this call. */
export interface Candidate {
  readonly text: string
  readonly of: 'task' | 'call'
}

/** The policies of a session or of an agent's grants, while those grants are in force. */
interface Made {
  readonly grants: readonly PolicyGrant[]
  readonly policies: Map<string, GrantPolicy | undefined>
}

const POLICIES_PER_SESSION = 64
const NO_GRANTS: readonly PolicyGrant[] = []

export class TaskPolicies {
  readonly #options: TaskPoliciesOptions
  readonly #made = new WeakMap<object, Made>()

  constructor(options: TaskPoliciesOptions) {
    this.#options = options
  }

  /** That of the task for the whole service, if it lets the call through; if asked for more, what is made for the call alone. */
  *of({ agent, call }: Pick<Paced, 'agent' | 'call'>, partition: string): Generator<Candidate, undefined> {
    if (call.actions.length === 0)
      throw new Denial('upstream_credentials', 'No session policy can be made: its IAM action is not known.')
    const { scopes, policies } = this.#policiesOf(agent)
    const key = `${partition}|${serviceKey(call)}`
    if (!policies.has(key)) {
      if (policies.size >= POLICIES_PER_SESSION) policies.clear()
      policies.set(key, grantPolicy(scopes, call, { partition, actionsOf: this.#options.actionsOf }))
    }
    const policy = policies.get(key)
    // What issues credentials is let do nothing else (rule S21).
    const isIssue = call.classes.includes('credentials')
    if (policy !== undefined && !isIssue && policyCovers(policy, call))
      yield { text: policy.text, of: 'task' }
    for (const text of callPolicies(call, policy)) yield { text, of: 'call' }
    return undefined
  }

  #policiesOf(agent: Agent): { scopes: readonly Narrowing[]; policies: Made['policies'] } {
    const grants = this.#options.grantsOf(agent) ?? NO_GRANTS
    const { session } = agent
    const owner = session ?? grants
    let made = this.#made.get(owner)
    if (made?.grants !== grants) {
      made = { grants, policies: new Map() }
      this.#made.set(owner, made)
    }
    return { scopes: [{ grants }, ...(session?.task.scopes ?? [])], policies: made.policies }
  }
}
