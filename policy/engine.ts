/** Defines the port of the policy engine. An engine decides one call at a time, without I/O. */

import type { TaskInput, TaskVerdict } from './task.ts'
import type { Approvers, PolicyAgent, PolicyGrant } from './types.ts'

/** Returns an agent as policy sees it. */
export function policyAgent(id: string, root = id): PolicyAgent {
  return root === id ? { id } : { id, root }
}

/** Holds what policy sees of a call: the redacted facts that audit keeps, enough for replay and explain. */
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
    /** The scopes, each of which must cover the call: classes and resource patterns, or statements of a session policy. */
    readonly scopes: readonly (
      | { readonly grants: readonly PolicyGrant[] }
      | { readonly statements: readonly PolicyStatement[] }
    )[]
  }
  /** The break-glass that is open for this agent, if any. It is part of the key of a cached verdict, which ends with it. */
  readonly breakglass?: PolicyGrant & { readonly id: string }
}

/** A PolicyVerdict is the decision about a call. */
export interface PolicyVerdict {
  readonly allow: boolean
  /** `package.rule` names of every rule that took part in the decision. */
  readonly rules: readonly string[]
  /** Text for the agent: why the call is denied and what to do, or why people must approve it. */
  readonly messages: readonly string[]
  /** The number of people who must approve an allowed call; 0 if it is not allowed. */
  readonly approvals: Approvers
  /** The names of the rules of `policy.approvals` that ask for them; undefined if there are none, or the bundle does not say. */
  readonly asks?: readonly string[] | undefined
}

export interface PolicyStatement {
  readonly effect: 'Allow' | 'Deny'
  readonly actions: readonly string[]
  readonly resources: readonly string[]
}

/** A PolicyApproval selects allowed calls that people must approve. All its conditions must hold for a call. */
export interface PolicyApproval {
  /** Its name in the configuration, or its place there: `policy.approvals[0]`. */
  readonly name?: string | undefined
  /** Classes, one of which the call must have. */
  readonly classes: readonly string[]
  /** Patterns, one of which can mean a resource of the call. */
  readonly resources: readonly string[]
  /** Patterns of agent ids. */
  readonly agents: readonly string[]
  /** Traits, one of which the call must have; empty for any traits. */
  readonly traits: readonly string[]
  readonly approvers: 1 | 2
  readonly minCount: number
}

/** A PolicyTaskApproval selects tasks that people must approve. All its conditions must hold for the task. */
export interface PolicyTaskApproval extends Pick<
  PolicyApproval,
  'name' | 'classes' | 'resources' | 'agents' | 'approvers'
> {
  /** The shortest duration, in seconds, of such a task. */
  readonly minSeconds: number
}

/** Holds the policy data: grants by agent id or root, what people must approve, and the limits of tasks. */
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

/** A PolicyEngine decides calls and tasks. */
export interface PolicyEngine {
  readonly name: string
  /** Names the bundle in force; changes when policy or data change. */
  readonly revision: string
  /** Decides a call. Throws on any failure: the caller fails closed. */
  evaluate(input: PolicyInput): PolicyVerdict
  /** Decides whether a task may be opened, and with which grants. Throws as `evaluate` does. */
  judgeTask(input: TaskInput): TaskVerdict
}
