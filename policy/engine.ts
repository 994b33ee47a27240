/** The policy engine's port. An engine answers for one call; it never does I/O while it answers. */

import type { TaskInput, TaskVerdict } from './task.ts'
import type { Approvers, PolicyAgent, PolicyGrant } from './types.ts'

/** An agent as policy sees it. */
export function policyAgent(id: string, root = id): PolicyAgent {
  return root === id ? { id } : { id, root }
}

/** What policy sees of a call: the redacted facts that audit keeps, enough for replay and explain. */
export interface PolicyInput {
  readonly agent: PolicyAgent
  readonly call: {
    readonly service: string
    readonly operation: string | null
    readonly actions: readonly string[]
    readonly resources: readonly string[]
    readonly count: number
    readonly class: string
    readonly classes: readonly string[]
    readonly traits: readonly string[]
    readonly accessLevel: string
    /** Selected parameters under stable names; see `CallFacts`. */
    readonly facts: Readonly<
      Record<string, boolean | readonly string[] | Readonly<Record<string, readonly string[]>>>
    >
    readonly region: string
  }
  /** Seconds since the epoch (wasm loses digits beyond 2^53). */
  readonly timeSeconds: number
  /** The task that the agent works on; a static agent has none. */
  readonly task?: {
    readonly id: string
    /** Each must cover the call: classes and resource patterns, or the statements of a session policy. */
    readonly scopes: readonly (
      | { readonly grants: readonly PolicyGrant[] }
      | { readonly statements: readonly PolicyStatement[] }
    )[]
  }
  /** What a person opened for this agent; only while it is open. A verdict is remembered by it, and ends with it. */
  readonly breakglass?: PolicyGrant & { readonly id: string }
}

export interface PolicyVerdict {
  readonly allow: boolean
  /** `package.rule` names of every rule that spoke. */
  readonly rules: readonly string[]
  /** For the agent: why not, and what to do; of an allowed call, why people must approve it. */
  readonly messages: readonly string[]
  /** How many people must approve an allowed call; 0 if it is not allowed. */
  readonly approvals: Approvers
}

export interface PolicyStatement {
  readonly effect: 'Allow' | 'Deny'
  readonly actions: readonly string[]
  readonly resources: readonly string[]
}

/** Which allowed calls people must approve; all that a rule says must hold of a call. */
export interface PolicyApproval {
  /** One of them is a class of the call. */
  readonly classes: readonly string[]
  /** Patterns; one may mean a resource of the call. */
  readonly resources: readonly string[]
  /** Patterns of agent ids. */
  readonly agents: readonly string[]
  /** One of them is a trait of the call; empty: whatever its traits. */
  readonly traits: readonly string[]
  readonly approvers: 1 | 2
  readonly minCount: number
}

/** Which tasks people must approve; all that a rule says must hold of what the task would be. */
export interface PolicyTaskApproval extends Pick<
  PolicyApproval,
  'classes' | 'resources' | 'agents' | 'approvers'
> {
  /** It would last so long, or longer. */
  readonly minSeconds: number
}

/** Policy data: grants by agent id or root, what people must approve, and what holds of every task. */
export interface PolicyData {
  readonly agents: Readonly<Record<string, { readonly grants: readonly PolicyGrant[] }>>
  readonly approvals?: readonly PolicyApproval[]
  /** Without it no task is opened. */
  readonly tasks?: {
    readonly maxSeconds: number
    readonly require: readonly string[]
    readonly approvals: readonly PolicyTaskApproval[]
  }
}

export interface PolicyEngine {
  readonly name: string
  /** Names the bundle in force; changes when policy or data change. */
  readonly revision: string
  /** Throws on any failure: the caller fails closed. */
  evaluate(input: PolicyInput): PolicyVerdict
  /** Whether a task may be opened, and how much of it. Throws as `evaluate` does. */
  judgeTask(input: TaskInput): TaskVerdict
}
