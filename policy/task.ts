/** Defines what policy gets when an agent opens a task, and what it answers. */
import type { Approvers, PolicyAgent, PolicyGrant } from './types.ts'

/** Describes a task that an agent wants to open. */
export interface TaskInput {
  readonly agent: PolicyAgent
  readonly task: {
    readonly id: string
    /** The agent's own text; empty if it gave none. */
    readonly intent: string
    readonly justification: string
    readonly ticket: string
    /** The grants that it asks for; empty for all that its own grants allow. */
    readonly grants: readonly PolicyGrant[]
    readonly durationSeconds: number
    /** True if it is opened from another task. */
    readonly child: boolean
  }
}

/** A TaskVerdict is the decision about a task. */
export interface TaskVerdict {
  readonly allow: boolean
  /** The part of the requested grants that is allowed. */
  readonly grants: readonly PolicyGrant[]
  readonly durationSeconds: number
  readonly rules: readonly string[]
  /** Text for the agent: why the task is denied, or why people must approve it. */
  readonly messages: readonly string[]
  /** The number of people who must approve an allowed task; 0 if it is not allowed. */
  readonly approvals: Approvers
  /** The names of the rules of `policy.taskApprovals` that ask for them; undefined if there are none, or the bundle does not say. */
  readonly asks?: readonly string[] | undefined
}
